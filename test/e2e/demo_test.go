package e2e_test

import (
	"bufio"
	"fmt"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// The demo runs three nodes and a gateway that finds them.
func TestDemo(t *testing.T) {
	clients, operators := freeAddress(t), freeAddress(t)
	g := &running{url: "http://" + clients}
	demo := command(t, "demo", "--listen", clients, "--admin", operators)
	stdout, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { demo.Process.Kill() })
	var banner strings.Builder
	for lines := bufio.NewScanner(stdout); !strings.Contains(banner.String(), "Stop with"); fmt.Fprintln(&banner, lines.Text()) {
		if !lines.Scan() {
			t.Fatalf("the demo ended:\n%s", &banner)
		}
	}

	nodes := []string{"gearbox-01J8ZC4T", "gearbox-01J8ZC9M", "gearbox-01J8ZCEQ"}
	answered := make(map[string]bool)
	eventually(t, "all three nodes have answered", func() bool {
		_, answer := g.post(t, `{"query":"{ backend }"}`)
		if name := regexp.MustCompile(`gearbox-01J8\w+@127.0.0.1`).FindString(answer); name != "" {
			answered[name] = true
		}
		return len(answered) == len(nodes)
	})
	eventually(t, "their schema is known", func() bool {
		status, text := sdl(t, "http://"+operators+"/schema.graphql")
		return status == 200 && strings.Contains(text, "scalar Decimal")
	})
	for user, want := range map[string]string{"42": `"id":"42"`, "7": `"id":"7"`} {
		status, answer := g.post(t, `{"query":"{ session { user { id name email } } }"}`, "X-User-Id", user)
		if status != 200 || !strings.Contains(answer, want) {
			t.Errorf("user %s: %d %s", user, status, answer)
		}
	}
	status, answer := g.post(t, `{"query":"{ session { user { id } } }"}`)
	if status != 200 || !strings.Contains(answer, `"user":null`) || !strings.Contains(answer, "unauthenticated") {
		t.Errorf("anonymous: %d %s", status, answer)
	}
	for _, want := range append(nodes, clients, operators, "curl") {
		if !strings.Contains(banner.String(), want) {
			t.Errorf("the banner has no %q:\n%s", want, &banner)
		}
	}
	if err := demo.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := demo.Wait(); err != nil {
		t.Error(err)
	}
}
