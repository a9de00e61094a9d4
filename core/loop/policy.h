/* policy.h: what the runner needs of a policy that it remembers.
 * Touches the public table. What was set through a policy is cleared through the same one. */
#ifndef EDDYI_POLICY_H
#define EDDYI_POLICY_H

#include <eddy/policy.h>

/* Both record their failure. */
int eddyi_policy_new_event_loop(eddy_event_loop_policy *, eddy_loop **out, const eddy_loop_options *);
int eddyi_policy_set_event_loop(eddy_event_loop_policy *, eddy_loop *);

#endif
