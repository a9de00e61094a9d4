/* annotate.h: what Valgrind and the sanitizers must be told about stacks and switches.
 * Touches their headers when the build asks for them; otherwise every function here is empty. */
#ifndef EDDYI_ANNOTATE_H
#define EDDYI_ANNOTATE_H

#include <stddef.h>
#include <stdint.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EDDYI_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define EDDYI_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define EDDYI_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define EDDYI_TSAN 1
#endif

#ifdef EDDYI_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif
#ifdef EDDYI_TSAN
#include <sanitizer/tsan_interface.h>
#endif
#ifdef EDDY_VALGRIND
#include <valgrind/memcheck.h>
#include <valgrind/valgrind.h>
#endif

#if defined(EDDYI_ASAN) || defined(EDDYI_TSAN)
/* Sanitized frames are several times larger. */
enum { EDDYI_STACK_FACTOR = 8 };
#else
enum { EDDYI_STACK_FACTOR = 1 };
#endif

/* A stack is taken into use; returns what eddyi_annotate_stack_end and the switches to it must be told. */
static inline void *eddyi_annotate_stack_begin(void *low, size_t size)
{
#ifdef EDDYI_ASAN
    __asan_unpoison_memory_region(low, size);
#endif
    (void)low;
    (void)size;
#ifdef EDDYI_TSAN
    return __tsan_create_fiber(0);
#elif defined(EDDY_VALGRIND)
    return (void *)(uintptr_t)VALGRIND_STACK_REGISTER(low, (char *)low + size);
#else
    return NULL;
#endif
}

static inline void eddyi_annotate_stack_end(void *low, size_t size, void *annotation)
{
#ifdef EDDYI_ASAN
    __asan_poison_memory_region(low, size);
#endif
#ifdef EDDYI_TSAN
    __tsan_destroy_fiber(annotation);
#endif
#ifdef EDDY_VALGRIND
    VALGRIND_STACK_DEREGISTER((unsigned)(uintptr_t)annotation);
    VALGRIND_MAKE_MEM_UNDEFINED(low, size);
#endif
    (void)low;
    (void)size;
    (void)annotation;
}

/* The memory goes back to the system or to other uses: no shadow of a stack may stay on it. */
static inline void eddyi_annotate_memory_end(void *memory, size_t size)
{
#ifdef EDDYI_ASAN
    __asan_unpoison_memory_region(memory, size);
#endif
    (void)memory;
    (void)size;
}

/* Of a function that looks at what lies on a stack, whoever it belongs to, between begin and end. */
#if defined(__clang__)
#define EDDYI_LOOKS_AT_STACKS __attribute__((no_sanitize("address", "thread", "undefined")))
#elif defined(__GNUC__)
#define EDDYI_LOOKS_AT_STACKS __attribute__((no_sanitize_address, no_sanitize_thread, no_sanitize_undefined))
#else
#define EDDYI_LOOKS_AT_STACKS
#endif

static inline void eddyi_annotate_look_begin(void)
{
#ifdef EDDY_VALGRIND
    VALGRIND_DISABLE_ERROR_REPORTING;
#endif
}

/* `found`: what was concluded from memory that may never have been written. */
static inline void eddyi_annotate_look_end(void *found, size_t size)
{
#ifdef EDDY_VALGRIND
    VALGRIND_ENABLE_ERROR_REPORTING;
    VALGRIND_MAKE_MEM_DEFINED(found, size);
#endif
    (void)found;
    (void)size;
}

static inline void *eddyi_annotate_fiber_current(void)
{
#ifdef EDDYI_TSAN
    return __tsan_get_current_fiber();
#else
    return NULL;
#endif
}

/* Before a switch. `save`: where ASan keeps the leaver's fake stack, NULL when it never comes back. */
static inline void eddyi_annotate_switch_begin(void **save, const void *low, size_t size, void *fiber)
{
#ifdef EDDYI_ASAN
    __sanitizer_start_switch_fiber(save, low, size);
#endif
#ifdef EDDYI_TSAN
    __tsan_switch_to_fiber(fiber, 0);
#endif
    (void)save;
    (void)low;
    (void)size;
    (void)fiber;
}

/* After a switch, on the new stack. `save`: what the arriver left with, NULL on its first arrival. */
static inline void eddyi_annotate_switch_end(void *save, const void **from_low, size_t *from_size)
{
#ifdef EDDYI_ASAN
    __sanitizer_finish_switch_fiber(save, from_low, from_size);
#endif
    (void)save;
    (void)from_low;
    (void)from_size;
}

#endif
