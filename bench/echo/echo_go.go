// echo_go.go: an echo server in Go: a goroutine a client that reads and writes as if it blocked.
// Touches the standard library, which sets TCP_NODELAY and raises the limit of descriptors itself.
package main

import (
	"fmt"
	"net"

	"eddy/bench/common"
)

func serve(client net.Conn, size int) {
	defer client.Close()
	buffer := make([]byte, size)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		if _, err := client.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func main() {
	size := int(common.Setting("BENCH_BUFFER"))
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	common.Check(err)
	fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
	for {
		client, err := listener.Accept()
		common.Check(err)
		go serve(client, size)
	}
}
