/* suite_story.c: the notes of story.h.
 * Touches the public API and cmocka. */
#include "story.h"

void story_tell(story *s, char letter)
{
    if (s->told + 1 < sizeof s->text)
        s->text[s->told++] = letter;
    s->text[s->told] = '\0';
    if (s->event != NULL && !eddy_future_done(s->event))
        assert_int_equal(eddy_future_set_result(s->event, 0), 0);
}

int story_count(const story *s, char letter)
{
    int count = 0;
    for (size_t i = 0; i < s->told; i++)
        count += s->text[i] == letter;
    return count;
}

void story_wait_for_more(story *s)
{
    assert_int_equal(eddy_loop_create_future(eddy_get_running_loop(), &s->event), 0);
    assert_int_equal(eddy_await_future(s->event, NULL), 0);
    eddy_future_release(s->event);
    s->event = NULL;
}

void story_wait(story *s, char letter, int times)
{
    while (story_count(s, letter) < times)
        story_wait_for_more(s);
}
