// Marks a function that pays for wider vectors: it is compiled twice, and the loader picks what the processor has.
#pragma once

#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GLIBC__)
#define CWS_CPU_DISPATCH __attribute__((target_clones("avx2", "default")))
#else
#define CWS_CPU_DISPATCH
#endif
