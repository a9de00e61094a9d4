/* this_thread.h: what each system knows in its own way about the calling thread.
 * Touches nothing. A folder of a system replaces the file of posix/ that has the same name. */
#ifndef EDDYI_POSIX_THIS_THREAD_H
#define EDDYI_POSIX_THIS_THREAD_H

#include <stdbool.h>

bool eddyi_is_main_thread(void);               /* main_thread.c */
void eddyi_thread_name_self(const char *name); /* thread_name.c */

#endif
