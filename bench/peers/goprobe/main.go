// The probe bench's targets by a goroutine each, at most so many in flight, with the same result
// lines as `firebreak probe -o jsonl`: how one would write it in Go.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const timeout = 2 * time.Second

func reasonOf(err error) (reason, detail string) {
	var errno syscall.Errno
	switch {
	case err == nil:
		return "ok", ""
	case errors.Is(err, syscall.ECONNREFUSED):
		reason = "refused"
	case os.IsTimeout(err):
		return "timeout", "connect: no answer within 2s"
	default:
		reason = "unreachable"
	}
	if errors.As(err, &errno) {
		return reason, "connect: " + errno.Error()
	}
	return reason, err.Error()
}

func appendMs(b []byte, d time.Duration) []byte {
	return strconv.AppendFloat(b, float64(d.Nanoseconds())/1e6, 'f', -1, 64)
}

func appendResult(b []byte, target string, begin time.Time, took time.Duration, err error) []byte {
	reason, detail := reasonOf(err)
	b = append(b, `{"target":"`...)
	b = append(b, target...)
	b = append(b, `","address":"`...)
	b = append(b, target...)
	b = append(b, `","ok":`...)
	b = strconv.AppendBool(b, err == nil)
	b = append(b, `,"reason":"`...)
	b = append(b, reason...)
	b = append(b, `","detail":`...)
	b = strconv.AppendQuote(b, detail)
	b = append(b, `,"at":"`...)
	b = begin.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	b = append(b, `","attempt":1,"total_ms":`...)
	b = appendMs(b, took)
	b = append(b, `,"dns_ms":null,"connect_ms":`...)
	if err == nil {
		b = appendMs(b, took)
	} else {
		b = append(b, `null`...)
	}
	b = append(b, `,"tls_ms":null,"first_byte_ms":null,"days_left":null,"status":null,"lag_ms":0,`+
		`"breaker":null,"attempts":[{"reason":"`...)
	b = append(b, reason...)
	b = append(b, `","total_ms":`...)
	b = appendMs(b, took)
	return append(b, `}],"rtt_ms":null,"loss_ratio":null,"offset_ms":null,"answers":null,`+
		`"host_key_sha256":null,"steps":null}`+"\n"...)
}

type printer struct {
	lock sync.Mutex
	out  *bufio.Writer
	line []byte
}

func (p *printer) print(target string, begin time.Time, took time.Duration, err error) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.line = appendResult(p.line[:0], target, begin, took, err)
	p.out.Write(p.line)
}

func main() {
	inFlight := 0
	if len(os.Args) == 3 {
		inFlight, _ = strconv.Atoi(os.Args[2])
	}
	if inFlight < 1 || inFlight > 10000 {
		fmt.Fprintln(os.Stderr, "usage: goprobe FILE IN-FLIGHT")
		os.Exit(2)
	}
	file, err := os.Open(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	p := printer{out: bufio.NewWriterSize(os.Stdout, 64*1024)}
	dialer := net.Dialer{Timeout: timeout, KeepAlive: -1}
	var wg sync.WaitGroup
	slots := make(chan struct{}, inFlight)
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		target := lines.Text()
		if a, err := netip.ParseAddrPort(target); err != nil || !a.Addr().IsLoopback() {
			fmt.Fprintf(os.Stderr, "goprobe: %s is not a loopback address: refused\n", target)
			os.Exit(2)
		}
		slots <- struct{}{}
		wg.Add(1)
		go func() {
			defer wg.Done()
			begin := time.Now()
			conn, err := dialer.Dial("tcp", target)
			took := time.Since(begin)
			if err == nil {
				conn.Close()
			}
			<-slots
			p.print(target, begin, took, err)
		}()
	}
	wg.Wait()
	p.out.Flush()
}
