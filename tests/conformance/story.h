/* story.h: what a protocol was told, a letter each, and waiting in a task for more of it.
 * Touches the public API and cmocka. The recorders of protocols are built on it. */
#ifndef STORY_H
#define STORY_H

#include "support/support.h"

typedef struct story {
    char text[4096];
    size_t told;
    eddy_future *event; /* set at the next thing told, if somebody waits */
} story;

void story_tell(story *, char letter);
int story_count(const story *, char letter);
void story_wait_for_more(story *); /* in a task */
void story_wait(story *, char letter, int times);

#endif
