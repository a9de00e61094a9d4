/* test_template.c: the porting template has all that the seams have, and says that nothing is filled in yet.
 * Touches both seams. That this program links is the test; its list of the seam's functions is made from core/platform.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <eddy.h>
#include "core/platform.h"

typedef struct seam_function {
    const char *name;
    void (*function)(void);
} seam_function;
extern const seam_function template_seam[];
extern const size_t template_seam_count;
extern const eddyi_backend_ops eddyi_backend_template;

static void has_every_function_of_the_platform(void **state)
{
    (void)state;
    assert_true(template_seam_count > 50); /* else the list was read wrongly */
    for (size_t i = 0; i < template_seam_count; i++)
        assert_non_null(template_seam[i].function);
}

static void has_every_member_of_the_network_table(void **state)
{
    const eddyi_net_ops *net = &eddyi_platform_net;
    (void)state;
    assert_true(net->socket && net->bind && net->listen && net->shutdown && net->close && net->set_option);
    assert_true(net->get_option && net->local_address && net->peer_address && net->resolve && net->family);
    assert_true(net->port && net->format && net->name && net->claim_file && net->note_file &&
                net->remove_file);
}

static void has_every_member_of_a_backend(void **state)
{
    const eddyi_backend_ops *ops = &eddyi_backend_template;
    (void)state;
    assert_ptr_equal(eddyi_backends[0], ops);
    assert_true(ops->name && ops->description && ops->probe && ops->open && ops->close && ops->attach);
    assert_true(ops->detach && ops->submit && ops->cancel && ops->wait && ops->wake && ops->pollable);
}

static int body(void *arg)
{
    (void)arg;
    fail();
    return 0;
}

static void a_program_over_it_is_told_that_nothing_is_there(void **state)
{
    eddy_loop_options loop = {.size = sizeof loop, .backend = "template"};
    eddy_run_options options = {.size = sizeof options, .loop = &loop};
    (void)state;
    assert_int_equal(eddy_run(body, NULL, &options), EDDY_ENOSYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_every_function_of_the_platform),
        cmocka_unit_test(has_every_member_of_the_network_table),
        cmocka_unit_test(has_every_member_of_a_backend),
        cmocka_unit_test(a_program_over_it_is_told_that_nothing_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
