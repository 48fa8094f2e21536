package bench

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"os"
	"strings"
	"testing"
)

// A drawing is an SVG image for light and dark pages.
type drawing struct{ bytes.Buffer }

// The style of drawings. Colours are classes c0 to c6.
const style = `<style>
text{font:12px system-ui,-apple-system,"Segoe UI",sans-serif;fill:#1f2328}
.title{font-weight:600;font-size:14px}.note{fill:#59636e}.end{text-anchor:end}.middle{text-anchor:middle}
.grid{stroke:#d1d9e0}.one{stroke:#59636e}.line{fill:none;stroke-width:2}
.c0{fill:#125c45;stroke:#125c45}.c1{fill:#1f8f69;stroke:#1f8f69}.c2{fill:#4fbd96;stroke:#4fbd96}.c3{fill:#9fe0c8;stroke:#9fe0c8}
.c4{fill:#4f7cc0;stroke:#4f7cc0}.c5{fill:#a58ad0;stroke:#a58ad0}.c6{fill:#b6bec8;stroke:#b6bec8}
@media (prefers-color-scheme:dark){text{fill:#d1d7e0}.note{fill:#9198a1}.grid{stroke:#3d444d}.one{stroke:#9198a1}
.c0{fill:#1f8f69;stroke:#1f8f69}.c1{fill:#3aae86;stroke:#3aae86}.c2{fill:#73cfae;stroke:#73cfae}.c3{fill:#c4f0e1;stroke:#c4f0e1}.c6{fill:#656c76;stroke:#656c76}}
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

// legend names the series, in rows from y on, and returns the y below.
func (d *drawing) legend(y, width float64, names []string) (below float64) {
	x, colours := 16.0, coloursOf(names)
	for i, name := range names {
		taken := 34 + 6.6*float64(len(name))
		if x+taken > width {
			x, y = 16, y+20
		}
		d.bar(x, x+12, y, 12, colours[i])
		d.text(x+17, y+10, "", name)
		x += taken
	}
	return y + 20
}

// coloursOf returns the classes of series: those of the gateway have one hue.
func coloursOf(names []string) (classes []string) {
	own, other := 0, 4
	for _, name := range names {
		next := &other
		if strings.HasPrefix(name, "Louche") {
			next = &own
		}
		classes = append(classes, fmt.Sprintf("c%d", *next))
		*next++
	}
	return classes
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

	var d drawing
	var names []string
	for _, c := range charted[0].results[1:] {
		names = append(names, c.Name)
	}
	colours := coloursOf(names)
	top := d.legend(36, width, names) + 8
	bottom := top + float64(len(charted))*(thickness*float64(len(charted[0].results)-1)+gap) - gap
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
			d.bar(x(1), x(v), y, thickness-2, colours[i])
			d.text(max(x(1), x(v))+4, y+thickness-3, "note", fmt.Sprintf("%.2f", v))
			y += thickness
		}
		y += gap
	}
	d.write(b, file, width, bottom+36)
}

// drawGrowth draws a panel for each quantity, on logarithmic scales.
func drawGrowth(b *testing.B, file string, panels []panel) {
	const width, side, gap, row = 860.0, 330.0, 100.0, 240.0
	values := []func(point) float64{
		func(p point) float64 { return p.rate },
		func(p point) float64 { return p.gateway },
		func(p point) float64 { return p.node },
	}
	var d drawing
	names := []string{"requests a second", "memory of the gateway, MB", "memory of the node, MB"}
	colours := coloursOf(names)
	d.legend(14, width, names)
	for i, p := range panels {
		left, top := 60+float64(i%2)*(side+gap), 56+float64(i/2)*row
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
		for series, value := range values {
			path := ""
			for _, at := range p.points {
				if v := value(at); v > 0 {
					path += fmt.Sprintf("%s%.1f %.1f", map[bool]string{true: "M", false: "L"}[path == ""], x(at.x), y(v))
				}
			}
			fmt.Fprintf(&d, `<path d="%s" class="line %s" style="fill:none"/>`+"\n", path, colours[series])
		}
	}
	d.write(b, file, width, 40+row*float64((len(panels)+1)/2))
}
