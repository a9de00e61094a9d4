// http_go.go: a server that says hello, on Go's net/http.
// Touches the standard library. It dates its answers and names their type and length, as the others do.
package main

import (
	"fmt"
	"net"
	"net/http"

	"eddy/bench/common"
)

var body = []byte("hello\n")

func main() {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	common.Check(err)
	fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
	common.Check(http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write(body)
	})))
}
