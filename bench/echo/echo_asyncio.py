# echo_asyncio.py: an echo server on asyncio: a protocol that answers in data_received.
# Touches the standard library. Protocols are asyncio's fastest; its streams would take twice the time.

import asyncio
import resource
import socket


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.write = transport.write  # asyncio sets TCP_NODELAY itself

    def data_received(self, data):
        self.write(data)


async def main():
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Echo, "127.0.0.1", 0, backlog=socket.SOMAXCONN)
    print("port", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
