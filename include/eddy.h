/* eddy.h: the one header to include: asyncio for C.
 * Pulls in the headers of include/eddy/, one per area. */
#ifndef EDDY_H
#define EDDY_H

#include <eddy/config.h>
#include <eddy/error.h>
#include <eddy/memory.h>
#include <eddy/context.h>
#include <eddy/loop.h>
#include <eddy/policy.h>
#include <eddy/future.h>
#include <eddy/task.h>
#include <eddy/scope.h>
#include <eddy/sync.h>
#include <eddy/queue.h>
#include <eddy/generator.h>
#include <eddy/runner.h>
#include <eddy/tls.h>
#include <eddy/stream.h>
#include <eddy/transport.h>
#include <eddy/feed.h>
#include <eddy/pipe.h>
#include <eddy/process.h>
#include <eddy/address.h>
#include <eddy/socket.h>
#include <eddy/local.h>
#include <eddy/file.h>
#include <eddy/sendfile.h>
#include <eddy/datagram.h>
#include <eddy/thread.h>
#include <eddy/inspect.h>
#include <eddy/metrics.h>
#include <eddy/hooks.h>
#include <eddy/log.h>
#include <eddy/audit.h>

#endif
