package bench

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"os"
	"testing"
)

// A drawing is an SVG image for light and dark pages.
type drawing struct{ bytes.Buffer }

// The style of drawings. Colours are classes c0, c1 and so on.
const style = `<style>
text{font:12px system-ui,-apple-system,"Segoe UI",sans-serif;fill:#1f2328}
.title{font-weight:600;font-size:14px}.note{fill:#59636e}.end{text-anchor:end}.middle{text-anchor:middle}
.grid{stroke:#d1d9e0}.one{stroke:#59636e}.line{fill:none;stroke-width:2}
.c0{fill:#1a7f5a;stroke:#1a7f5a}.c1{fill:#3fb68b;stroke:#3fb68b}.c2{fill:#8fdcc0;stroke:#8fdcc0}
.c3{fill:#5b7fb9;stroke:#5b7fb9}.c4{fill:#a58ad0;stroke:#a58ad0}.c5{fill:#b6bec8;stroke:#b6bec8}
@media (prefers-color-scheme:dark){text{fill:#d1d7e0}.note{fill:#9198a1}.grid{stroke:#3d444d}.one{stroke:#9198a1}
.c0{fill:#2ea57a;stroke:#2ea57a}.c2{fill:#b9ecd9;stroke:#b9ecd9}.c5{fill:#656c76;stroke:#656c76}}
</style>
`

func (d *drawing) text(x, y float64, class, text string) {
	fmt.Fprintf(d, `<text x="%.0f" y="%.0f" class="%s">%s</text>`+"\n", x, y, class, html.EscapeString(text))
}

func (d *drawing) line(x1, y1, x2, y2 float64, class string) {
	fmt.Fprintf(d, `<path d="M%.1f %.1fL%.1f %.1f" class="%s"/>`+"\n", x1, y1, x2, y2, class)
}

func (d *drawing) bar(x1, x2, y, height float64, class string) {
	fmt.Fprintf(d, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.0f" class="%s"/>`+"\n", min(x1, x2), y, max(1, math.Abs(x2-x1)), height, class)
}

// write writes the drawing to a file.
func (d *drawing) write(b *testing.B, file string, width, height float64) {
	image := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f">`+"\n%s%s</svg>\n", width, height, width, height, style, d)
	if err := os.WriteFile(file, []byte(image), 0o644); err != nil {
		b.Fatal(err)
	}
}

// chartedCallers is the number of connections of the chart.
const chartedCallers = 32

// drawRatios draws the throughput of the candidates, as ratios to the first one on a
// logarithmic scale, at [chartedCallers].
func drawRatios(b *testing.B, file string, rows []row) {
	const (
		width, left, right = 860.0, 300.0, 60.0
		thickness, gap     = 13.0, 20.0
	)
	value := func(c *Result, base *Result) float64 { return c.Rate.Ratio(base.Rate).Median() }
	var charted []row
	low, high := -1.0, 1.0 // of the scale, in powers of 2
	for _, r := range rows {
		if r.callers != chartedCallers {
			continue
		}
		charted = append(charted, r)
		for _, c := range r.results[1:] {
			low, high = min(low, math.Floor(math.Log2(value(c, r.results[0])))), max(high, math.Ceil(math.Log2(value(c, r.results[0]))))
		}
	}
	if len(charted) == 0 {
		return
	}
	x := func(v float64) float64 { return left + (math.Log2(v)-low)/(high-low)*(width-left-right) }

	const top = 64.0
	bottom := top + float64(len(charted))*(thickness*float64(len(charted[0].results)-1)+gap) - gap
	var d drawing
	d.text(16, 24, "title", fmt.Sprintf("Requests a second, as a multiple of %s, at %d connections", charted[0].results[0].Name, chartedCallers))
	for power := low; power <= high; power++ {
		class := "grid"
		if power == 0 {
			class = "one"
		}
		d.line(x(math.Exp2(power)), top-8, x(math.Exp2(power)), bottom+8, class)
		d.text(x(math.Exp2(power)), bottom+22, "note middle", fmt.Sprintf("%g", math.Exp2(power)))
	}
	y := top
	for _, r := range charted {
		d.text(left-12, y+thickness*float64(len(r.results)-1)/2+4, "end", r.title)
		for i, c := range r.results[1:] {
			v := value(c, r.results[0])
			d.bar(x(1), x(v), y, thickness-2, colourOf(i))
			d.text(max(x(1), x(v))+4, y+thickness-3, "note", fmt.Sprintf("%.2f", v))
			y += thickness
		}
		y += gap
	}
	legend := 16.0
	for i, c := range charted[0].results[1:] {
		d.bar(legend, legend+12, 36, 12, colourOf(i))
		d.text(legend+17, 46, "", c.Name)
		legend += 34 + 6.6*float64(len(c.Name))
	}
	d.write(b, file, width, bottom+36)
}

func colourOf(series int) string { return fmt.Sprintf("c%d", series%6) }

// drawGrowth draws a panel for each quantity, on logarithmic scales.
func drawGrowth(b *testing.B, file string, panels []panel) {
	const width, height, side, gap = 860.0, 520.0, 330.0, 100.0
	series := []struct {
		name, class string
		value       func(point) float64
	}{
		{"requests a second", "c0", func(p point) float64 { return p.rate }},
		{"memory of the gateway, MB", "c3", func(p point) float64 { return p.gateway }},
		{"memory of the node, MB", "c4", func(p point) float64 { return p.node }},
	}
	var d drawing
	legend := 16.0
	for _, s := range series {
		d.bar(legend, legend+12, 14, 12, s.class)
		d.text(legend+17, 24, "", s.name)
		legend += 40 + 6.6*float64(len(s.name))
	}
	for i, p := range panels {
		left, top := 60+float64(i%2)*(side+gap), 56+float64(i/2)*240
		const tall = 170.0
		x := func(v float64) float64 {
			return left + math.Log10(v)/math.Log10(p.points[len(p.points)-1].x)*side
		}
		y := func(v float64) float64 { return top + tall - math.Log10(max(1, v))/5*tall } // 1 to 100,000
		for power := range 6 {
			v := math.Pow10(power)
			d.line(left, y(v), left+side, y(v), "grid")
			d.text(left-8, y(v)+4, "note end", fmt.Sprintf("%.0f", v))
		}
		for _, at := range p.points {
			d.text(x(at.x), top+tall+16, "note middle", fmt.Sprintf("%.0f", at.x))
		}
		d.text(left+side/2, top+tall+34, "middle", p.quantity)
		for _, s := range series {
			path := ""
			for _, at := range p.points {
				if v := s.value(at); v > 0 {
					path += fmt.Sprintf("%s%.1f %.1f", map[bool]string{true: "M", false: "L"}[path == ""], x(at.x), y(v))
				}
			}
			fmt.Fprintf(&d, `<path d="%s" class="line %s" style="fill:none"/>`+"\n", path, s.class)
		}
	}
	d.write(b, file, width, height)
}
