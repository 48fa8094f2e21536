package main

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// The demo, as make demo runs it: three nodes and a gateway that finds them.
func TestDemo(t *testing.T) {
	demo := demoCommand{Listen: freeAddress(t), Admin: freeAddress(t)}
	g := &running{url: "http://" + demo.Listen}
	banner := &lines{wrote: make(chan struct{})}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- demo.Run(ctx, output{banner}) }()
	<-banner.wrote

	answered := make(map[string]bool)
	eventually(t, "all three nodes have answered", func() bool {
		_, answer := g.post(t, `{"query":"{ backend }"}`)
		if name := regexp.MustCompile(`gearbox-01J8\w+@127.0.0.1`).FindString(answer); name != "" {
			answered[name] = true
		}
		return len(answered) == len(demoNodes)
	})
	eventually(t, "their schema is known", func() bool {
		status, text := sdl(t, "http://"+demo.Admin+"/schema.graphql")
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
		t.Errorf("nobody: %d %s", status, answer)
	}
	for _, want := range append(demoNodes, demo.Listen, demo.Admin, "curl") {
		if !strings.Contains(banner.String(), want) {
			t.Errorf("the banner has no %q:\n%s", want, banner)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// lines is a writer that tells of its first write.
type lines struct {
	mu    sync.Mutex
	text  bytes.Buffer
	once  sync.Once
	wrote chan struct{}
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.once.Do(func() { close(l.wrote) })
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return fmt.Sprint(l.text.String())
}
