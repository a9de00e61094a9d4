/* this_thread.h: what is known about the calling thread.
 * Touches nothing. */
#ifndef EDDYI_WINDOWS_THIS_THREAD_H
#define EDDYI_WINDOWS_THIS_THREAD_H

#include <stdbool.h>

bool eddyi_is_main_thread(void); /* main_thread.c */

#endif
