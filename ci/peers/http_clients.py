# http_clients.py: HTTP clients that behave in ways that curl does not: http_clients.py stalled|eager PORT
# Touches the standard library. What they see goes to standard output, for ci/peers/http to look at.
import socket
import sys
import time

port = int(sys.argv[2])


def stalled():
    """Asks for much, reads one byte of it, and no more."""
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(b"GET /bytes/500000000 HTTP/1.1\r\nHost: a\r\n\r\n" * 10)
    client.recv(1)
    print("begun", flush=True)
    time.sleep(60)


def eager():
    """Sends all of a body that is too large before it reads what is said to that."""
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n")
    for _ in range(40):
        client.sendall(bytes(100000))
        time.sleep(0.005)
    client.shutdown(socket.SHUT_WR)
    print(client.makefile("rb").read().decode())


{"stalled": stalled, "eager": eager}[sys.argv[1]]()
