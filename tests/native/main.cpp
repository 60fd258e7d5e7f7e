// Runs the tests, or those whose names contain the argument; prints "N passed, M failed".
#include <cstdio>
#include <cstring>
#include <exception>

#include "check.h"

static bool is_failed = false;

std::vector<TestCase>& test_cases() {
    static std::vector<TestCase> cases;
    return cases;
}

bool add_test(const char* name, void (*run)()) {
    test_cases().push_back({name, run});
    return true;
}

void fail_check(const char* file, int line, const char* condition) {
    if (!is_failed) std::printf("%s:%d: %s\n", file, line, condition);  // the first of a test
    is_failed = true;
}

int main(int count, char** arguments) {
    int passed = 0, failed = 0;
    for (const TestCase& test : test_cases()) {
        if (count > 1 && !std::strstr(test.name, arguments[1])) continue;
        is_failed = false;
        try {
            test.run();
        } catch (const std::exception& error) {
            fail_check(test.name, 0, error.what());
        }
        if (is_failed) std::printf("FAILED %s\n", test.name);
        ++(is_failed ? failed : passed);
    }
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed || !passed;
}
