package bench

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// A row has the results of one workload and number of callers.
type row struct {
	workload
	callers int
	results []*Result
}

// print prints the median of each figure and its ratio to that of the first candidate.
func (r row) print(out io.Writer) {
	connections := "connections"
	if r.callers == 1 {
		connections = "connection"
	}
	fmt.Fprintf(out, "\n%s, %d %s\n", r.title, r.callers, connections)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer table.Flush()
	fmt.Fprint(table, "\tREQUESTS/S\t\tP50, ms\t\tP99, ms\t\tBACK: CPU, µs\t\tSWITCHES\t\tFRONT: CPU, µs\tSWITCHES\n")
	base := r.results[0]
	for _, c := range r.results {
		fmt.Fprintf(table, "%s\t%.0f\t%s\t%.2f\t%s\t%.2f\t%s\t%.1f\t%s\t%.1f\t%s\t", c.Name,
			c.Rate.Median(), ratio(c.Rate, base.Rate), c.P50.Median(), ratio(c.P50, base.P50), c.P99.Median(), ratio(c.P99, base.P99),
			c.CPU["back"].Median(), ratio(c.CPU["back"], base.CPU["back"]), c.Switches["back"].Median(), ratio(c.Switches["back"], base.Switches["back"]))
		if cpu := c.CPU["front"]; cpu != nil {
			fmt.Fprintf(table, "%.1f\t%.1f", cpu.Median(), c.Switches["front"].Median())
		} else {
			fmt.Fprint(table, "\t")
		}
		fmt.Fprintln(table)
	}
}

func ratio(f, base Figure) string { return fmt.Sprintf("×%.2f", f.Ratio(base).Median()) }
