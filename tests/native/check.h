// Tests of the core without Python: TEST(name) { CHECK(condition); } in any file, and main.cpp runs them all.
#pragma once

#include <vector>

struct TestCase {
    const char* name;
    void (*run)();
};

std::vector<TestCase>& test_cases();
bool add_test(const char* name, void (*run)());
void fail_check(const char* file, int line, const char* condition);  // marks the running test as failed

#define TEST(name)                                              \
    static void name();                                         \
    static const bool name##_is_added = add_test(#name, &name); \
    static void name()

#define CHECK(condition)                                            \
    do {                                                            \
        if (!(condition)) fail_check(__FILE__, __LINE__, #condition); \
    } while (false)

// Checks that a statement throws the type.
#define CHECK_THROWS(type, ...)                                               \
    do {                                                                      \
        bool is_thrown = false;                                               \
        try {                                                                 \
            __VA_ARGS__;                                                      \
        } catch (const type&) {                                               \
            is_thrown = true;                                                 \
        }                                                                     \
        if (!is_thrown) fail_check(__FILE__, __LINE__, #type " was not thrown"); \
    } while (false)
