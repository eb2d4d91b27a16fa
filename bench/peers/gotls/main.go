// HTTPS requests over a connection each, by goroutines: `gotls URL REQUESTS IN-FLIGHT full|resumed CA
// NAME`, where CA is the one whom to trust and NAME whom to expect. Prints the line that tools/bench reads.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func cpu() int64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Utime.Nano() + u.Stime.Nano()
}

func die(err error) {
	fmt.Fprintln(os.Stderr, "gotls:", err)
	os.Exit(1)
}

func main() {
	if len(os.Args) != 7 {
		fmt.Fprintln(os.Stderr, "usage: gotls URL REQUESTS IN-FLIGHT full|resumed CA NAME")
		os.Exit(2)
	}
	u, err := url.Parse(os.Args[1])
	if err != nil || u.Hostname() != "127.0.0.1" {
		fmt.Fprintln(os.Stderr, "gotls: not a loopback address: refused")
		os.Exit(2)
	}
	requests, _ := strconv.ParseInt(os.Args[2], 10, 64)
	inFlight, _ := strconv.Atoi(os.Args[3])
	pem, err := os.ReadFile(os.Args[5])
	roots := x509.NewCertPool()
	if err != nil || !roots.AppendCertsFromPEM(pem) {
		die(fmt.Errorf("no certificate in %s: %v", os.Args[5], err))
	}
	config := &tls.Config{RootCAs: roots, ServerName: os.Args[6], MinVersion: tls.VersionTLS13}
	if os.Args[4] == "resumed" {
		config.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
	var left, resumed atomic.Int64
	var wg sync.WaitGroup
	left.Store(requests)
	begin, cpuBegin := time.Now(), cpu()
	for range inFlight {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for left.Add(-1) >= 0 {
				r, err := client.Get(os.Args[1])
				if err != nil {
					die(err)
				}
				if _, err = io.Copy(io.Discard, r.Body); err != nil || r.StatusCode != 200 {
					die(fmt.Errorf("status %d, %v", r.StatusCode, err))
				}
				if r.TLS.DidResume {
					resumed.Add(1)
				}
				r.Body.Close()
			}
		}()
	}
	wg.Wait()
	fmt.Printf("RESULT case=tls ops=%d cpu_ns=%d wall_ns=%d resumed=%d\n", requests, cpu()-cpuBegin,
		time.Since(begin).Nanoseconds(), resumed.Load())
}
