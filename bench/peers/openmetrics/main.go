// Parses a page of metrics again and again, with one of Prometheus' own parsers: textparse, which
// its scraper uses, or expfmt of its client library.
//
// usage: go-openmetrics textparse|expfmt FILE
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

const rounds = 60

func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// As a scrape does with series that it has not seen: name and labels are built, too.
func textparsePage(page []byte, withLabels bool) int {
	p := textparse.NewOpenMetricsParser(page, labels.NewSymbolTable())
	count := 0
	for {
		e, err := p.Next()
		if errors.Is(err, io.EOF) {
			return count
		}
		if err != nil {
			panic(err)
		}
		if e == textparse.EntrySeries {
			p.Series()
			if withLabels {
				var l labels.Labels
				p.Labels(&l)
			}
			count++
		}
	}
}

func expfmtPage(page []byte) int {
	p := expfmt.NewTextParser(model.LegacyValidation)
	families, err := p.TextToMetricFamilies(bytes.NewReader(page))
	if err != nil {
		panic(err)
	}
	count := 0
	for _, f := range families {
		count += len(f.Metric)
	}
	return count
}

func main() {
	page, err := os.ReadFile(os.Args[2])
	if err != nil {
		panic(err)
	}
	parse := map[string]func() int{
		"textparse":       func() int { return textparsePage(page, true) },
		"textparse_known": func() int { return textparsePage(page, false) },
		"expfmt":          func() int { return expfmtPage(page) },
	}[os.Args[1]]
	parse()
	begin, count := cpu(), 0
	for range rounds {
		count += parse()
	}
	fmt.Printf("RESULT case=%s ops=%d cpu_ns=%d\n", os.Args[1], count, (cpu() - begin).Nanoseconds())
}
