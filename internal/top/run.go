package top

import (
	"context"
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"
)

// retryInterval is the time between two attempts to reach the gateway.
const retryInterval = time.Second

// Run shows a gateway on the terminal until the user quits or ctx ends.
func Run(ctx context.Context, c *Client) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	program := tea.NewProgram(newModel(c.address, c.SetDrained), tea.WithContext(ctx))
	go watch(ctx, c, program.Send)
	_, err := program.Run()
	if errors.Is(err, tea.ErrInterrupted) || ctx.Err() != nil {
		return nil
	}
	return err
}

// watch sends the samples of a gateway, and connects again when the stream ends.
func watch(ctx context.Context, c *Client, send func(tea.Msg)) {
	for ctx.Err() == nil {
		err := c.Watch(ctx, func(s Sample) { send(sampleMsg(s)) })
		send(lostMsg{err})
		select {
		case <-time.After(retryInterval):
		case <-ctx.Done():
		}
	}
}
