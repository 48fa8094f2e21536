package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

type healthyCommand struct {
	Admin   string        `default:"127.0.0.1:4401" env:"LOUCHE_ADMIN" placeholder:"ADDR" help:"Address of the gateway's operators' listener (default ${default})."`
	Ready   bool          `help:"Fail also while the gateway has no node, and while it stops."`
	Timeout time.Duration `default:"5s" help:"Timeout of the request."`
}

func (h *healthyCommand) Help() string {
	return "For images without a shell and curl: HEALTHCHECK of Docker, exec probes of Kubernetes."
}

// Run fails unless the gateway on this machine is healthy.
func (h *healthyCommand) Run(ctx context.Context, out output) error {
	ctx, cancel := context.WithTimeout(ctx, h.Timeout)
	defer cancel()
	url := "http://" + h.Admin + "/healthz"
	if h.Ready {
		url = "http://" + h.Admin + "/readyz"
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("--admin is not an address such as 127.0.0.1:4401: %w", err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("no gateway answers: %w", err)
	}
	defer resp.Body.Close()
	fmt.Fprintln(out, resp.Status)
	if resp.StatusCode != http.StatusOK {
		return errFailed
	}
	return nil
}
