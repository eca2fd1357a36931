package main

import (
	"bytes"
	"fmt"
	"math"
)

// point is one measurement.
type point struct{ x, seconds, megabytes float64 }

// plot is the measurements of a series.
type plot struct {
	name, unit string
	points     []point
}

// line fits y = a + b x. Each point counts by its relative error, since the points span orders of magnitude.
func (p *plot) line(y func(point) float64) (a, b float64) {
	var w, wx, wy, wxx, wxy float64
	for _, q := range p.points {
		v := y(q)
		k := 1 / (v * v)
		w, wx, wy, wxx, wxy = w+k, wx+k*q.x, wy+k*v, wxx+k*q.x*q.x, wxy+k*q.x*v
	}
	b = (w*wxy - wx*wy) / (w*wxx - wx*wx)
	return (wy - b*wx) / w, b
}

// The size of one of the pictures, which stand side by side, and its margins.
const (
	width, height = 300.0, 220.0
	left, bottom  = 52.0, 40.0
	top, right    = 24.0, 14.0
)

// draw draws the plots as SVG, both axes logarithmic: processor time above, memory below.
func draw(plots []plot) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" font-family="sans-serif" font-size="10">`+"\n", width*float64(len(plots)), 2*height)
	fmt.Fprintln(&out, `<rect width="100%" height="100%" fill="white"/>`)
	for i := range plots {
		p := &plots[i]
		frame(&out, p, float64(i)*width, 0, "CPU s", "#1f5fa8", func(q point) float64 { return q.seconds })
		frame(&out, p, float64(i)*width, height, "max RSS, MB", "#a8481f", func(q point) float64 { return q.megabytes })
	}
	fmt.Fprintln(&out, "</svg>")
	return out.Bytes()
}

// axis maps values to a range of pixels, logarithmically and by whole powers of ten.
type axis struct{ low, high, from, to float64 }

func newAxis(values []float64, from, to float64) axis {
	a := axis{math.Inf(1), math.Inf(-1), from, to}
	for _, v := range values {
		a.low, a.high = min(a.low, math.Floor(math.Log10(v))), max(a.high, math.Ceil(math.Log10(v)))
	}
	a.high = max(a.high, a.low+1)
	return a
}

func (a axis) at(v float64) float64 {
	return a.from + (math.Log10(v)-a.low)/(a.high-a.low)*(a.to-a.from)
}

// frame draws one picture.
func frame(out *bytes.Buffer, p *plot, x0, y0 float64, label, color string, y func(point) float64) {
	var xs, ys []float64
	for _, q := range p.points {
		xs, ys = append(xs, q.x), append(ys, y(q))
	}
	h := newAxis(xs, x0+left, x0+width-right)
	v := newAxis(ys, y0+height-bottom, y0+top)
	fmt.Fprintf(out, `<text x="%.1f" y="%.1f" font-weight="bold">%s</text>`+"\n", h.from, y0+14, label)
	fmt.Fprintf(out, `<text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`+"\n", (h.from+h.to)/2, y0+height-8, p.unit)
	for e := h.low; e <= h.high; e++ {
		x := h.at(math.Pow(10, e))
		fmt.Fprintf(out, `<path d="M%.1f %.1fV%.1f" stroke="#ddd"/><text x="%.1f" y="%.1f" text-anchor="middle">%g</text>`+"\n", x, v.from, v.to, x, v.from+14, math.Pow(10, e))
	}
	for e := v.low; e <= v.high; e++ {
		yy := v.at(math.Pow(10, e))
		fmt.Fprintf(out, `<path d="M%.1f %.1fH%.1f" stroke="#ddd"/><text x="%.1f" y="%.1f" text-anchor="end">%g</text>`+"\n", h.from, yy, h.to, h.from-4, yy+3, math.Pow(10, e))
	}
	a, b := p.line(y)
	fmt.Fprintf(out, `<path fill="none" stroke="%s" stroke-dasharray="4 3" d="`, color)
	for i := range 41 {
		x := math.Pow(10, math.Log10(xs[0])+float64(i)/40*(math.Log10(xs[len(xs)-1])-math.Log10(xs[0])))
		fmt.Fprintf(out, "%s%.1f %.1f", map[bool]string{true: "M", false: "L"}[i == 0], h.at(x), v.at(math.Max(a+b*x, math.Pow(10, v.low))))
	}
	fmt.Fprintln(out, `"/>`)
	for _, q := range p.points {
		fmt.Fprintf(out, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", h.at(q.x), v.at(y(q)), color)
	}
}
