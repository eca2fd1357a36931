// Package loopback helps tests to start servers on the loopback interface.
package loopback

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// taken holds the ports that Port gave away in this process.
var taken sync.Map

// Port returns a TCP port of 127.0.0.1 that nobody listens on. It is below the ports that Linux hands out by itself (32768 and up), as a
// server needs seconds to start, and meanwhile one of the many scripted servers and connections of other tests would be given the port.
func Port() (string, error) {
	for range 1000 {
		port := strconv.Itoa(10000 + rand.IntN(22000))
		if _, given := taken.LoadOrStore(port, true); given {
			continue
		}
		if l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port)); err == nil {
			return port, l.Close()
		}
	}
	return "", errors.New("no port of 127.0.0.1 between 10000 and 32000 is free")
}
