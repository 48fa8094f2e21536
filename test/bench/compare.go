package bench

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"
)

// Short reports whether BENCH=short asks for a run that only shows that all works.
func Short() bool { return os.Getenv("BENCH") == "short" }

// A Load sends requests.
type Load interface {
	// Run sends requests from concurrent callers for a time. Each request must succeed.
	Run(callers int, duration time.Duration) (Run, error)
}

// A Run is what the callers of a Load measured.
type Run struct {
	Requests int
	Elapsed  time.Duration
	P50, P99 time.Duration
}

// A Candidate answers a load with processes, which differ in their names.
type Candidate struct {
	Name      string
	Load      Load
	Processes []Process
}

// A Figure is a value of each turn.
type Figure []float64

// Median returns the median of the turns.
func (f Figure) Median() float64 {
	sorted := slices.Sorted(slices.Values(f))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// Ratio returns the ratios to another figure, turn by turn.
func (f Figure) Ratio(base Figure) Figure {
	ratio := make(Figure, len(f))
	for i := range f {
		ratio[i] = f[i] / base[i]
	}
	return ratio
}

// A Result has the figures of a candidate.
type Result struct {
	Candidate
	Rate     Figure            // requests a second
	P50, P99 Figure            // ms
	CPU      map[string]Figure // µs a request, by process
	Switches map[string]Figure // voluntary thread switches a request, by process
}

// Compare runs every candidate for a duration in each of several turns.
func Compare(candidates []Candidate, callers, turns int, duration time.Duration) ([]*Result, error) {
	results := make([]*Result, len(candidates))
	for i, c := range candidates {
		results[i] = &Result{Candidate: c, CPU: make(map[string]Figure), Switches: make(map[string]Figure)}
	}
	for range turns {
		for _, i := range rand.Perm(len(candidates)) { // garbage of one affects all others equally
			if err := results[i].turn(callers, duration); err != nil {
				return nil, fmt.Errorf("%s, %d callers: %w", candidates[i].Name, callers, err)
			}
		}
	}
	return results, nil
}

func (r *Result) turn(callers int, duration time.Duration) error {
	before, err := r.usages()
	if err != nil {
		return err
	}
	run, err := r.Load.Run(callers, duration)
	if err != nil {
		return err
	}
	after, err := r.usages()
	if err != nil {
		return err
	}
	requests := float64(run.Requests)
	r.Rate = append(r.Rate, requests/run.Elapsed.Seconds())
	r.P50, r.P99 = append(r.P50, run.P50.Seconds()*1e3), append(r.P99, run.P99.Seconds()*1e3)
	for i, p := range r.Processes {
		r.CPU[p.Name] = append(r.CPU[p.Name], float64((after[i].CPU-before[i].CPU).Microseconds())/requests)
		r.Switches[p.Name] = append(r.Switches[p.Name], float64(after[i].Switches-before[i].Switches)/requests)
	}
	return nil
}

func (r *Result) usages() (usages []Usage, err error) {
	for _, p := range r.Processes {
		u, err := p.usage()
		if err != nil {
			return nil, err
		}
		usages = append(usages, u)
	}
	return usages, nil
}
