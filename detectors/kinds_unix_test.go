//go:build unix

package detectors

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
)

// BenchmarkKinds compares kinds of text that decoders have much to do with to ordinary source, in megabytes for each second of CPU time, which
// other load on the machine does not change much.
func BenchmarkKinds(b *testing.B) {
	e := catalogueEngine(b, versionRules(b))
	source := goSource(b)
	source = source[:min(len(source), 4<<20)]
	for _, kind := range []struct {
		name string
		data []byte
	}{
		{"source", source}, {"notebook", notebook(source)}, {"source map", sourceMap(source)}, {"base64 images", images(2 << 20)},
		{"wrapped base64", []byte(strings.Join(wrap(string(images(2<<20)), 76), "\n"))}, {"HTML", escapedHTML(source)},
		{"mails", []byte(quotedPrintableOf(string(source)))},
	} {
		b.Run(kind.name, func(b *testing.B) {
			s := e.NewScanner()
			s.Scan(kind.data) // compiles what is needed
			b.SetBytes(int64(len(kind.data)))
			before, n := cpuSeconds(b), 0
			for b.Loop() {
				s.Scan(kind.data)
				n++
			}
			b.ReportMetric(float64(n)*float64(len(kind.data))/1e6/(cpuSeconds(b)-before), "MB/cpu-s")
		})
	}
}

func cpuSeconds(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

func mustJSON(v any) []byte {
	out, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		panic(err) // the benchmark's own values can be written
	}
	return out
}

// notebook is what Jupyter writes: code by lines, and pictures as output.
func notebook(source []byte) []byte {
	var cells []any
	rnd := rand.New(rand.NewPCG(41, 42))
	for i := 0; i < 200; i++ {
		at := rnd.IntN(len(source) - 4000)
		cells = append(cells, map[string]any{"cell_type": "code", "source": strings.SplitAfter(string(source[at:at+2000]), "\n"),
			"outputs": []any{map[string]any{"data": map[string]any{"image/png": base64.StdEncoding.EncodeToString(randomBytes(rnd, 15_000)) + "\n"}}}})
	}
	return mustJSON(map[string]any{"cells": cells, "nbformat": 4})
}

// sourceMap has sources as strings and mappings in base64 VLQ, as bundlers write them.
func sourceMap(source []byte) []byte {
	rnd := rand.New(rand.NewPCG(43, 44))
	var mappings bytes.Buffer
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for mappings.Len() < len(source)/2 {
		for range 4 + rnd.IntN(3) {
			mappings.WriteByte(digits[rnd.IntN(64)])
		}
		mappings.WriteByte(",;"[rnd.IntN(20)/19])
	}
	return mustJSON(map[string]any{"version": 3, "sourcesContent": []string{string(source[:len(source)/2])}, "mappings": mappings.String()})
}

// images are pictures in a style sheet.
func images(size int) []byte {
	rnd := rand.New(rand.NewPCG(45, 46))
	var b bytes.Buffer
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, ".i%d{background:url(data:image/png;base64,%s)}\n", i, base64.StdEncoding.EncodeToString(randomBytes(rnd, 2000+rnd.IntN(40_000))))
	}
	return b.Bytes()
}

// escapedHTML is source in a page.
func escapedHTML(source []byte) []byte {
	return []byte("<pre>" + strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(string(source)) + "</pre>")
}
