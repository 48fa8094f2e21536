package top

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// maxSample bounds an event, in bytes.
const maxSample = 32 << 20

// A Client talks to the operators' listener of a gateway.
type Client struct {
	address string // without / at the end
	token   string // empty: none
}

// NewClient returns a Client for the address of a listener, such as http://127.0.0.1:4401 or
// 127.0.0.1:4401. token is that of admin_token, or empty.
func NewClient(address, token string) (*Client, error) {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return nil, errors.New("the address of the operators' listener is not a URL; write it as http://127.0.0.1:4401")
	}
	return &Client{strings.TrimRight(u.String(), "/"), token}, nil
}

// errUnauthorized is a failure that lasts.
var errUnauthorized = errors.New("the token of admin_token is missing or wrong: see --token-file")

// Watch delivers samples until the stream or ctx ends.
func (c *Client) Watch(ctx context.Context, deliver func(Sample)) error {
	body, err := c.send(ctx, http.MethodGet, "/console/events")
	if err != nil {
		return err
	}
	defer body.Close()
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, maxSample)
	for lines.Scan() {
		data, isData := strings.CutPrefix(lines.Text(), "data: ")
		if !isData {
			continue
		}
		var s Sample
		if err := json.Unmarshal([]byte(data), &s); err != nil {
			return fmt.Errorf("an event of %s is no sample; is it a gateway of this version? %w", c.address, err)
		}
		deliver(s)
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return errors.New("the gateway closed the stream")
}

// SetDrained drains or undrains a node.
func (c *Client) SetDrained(ctx context.Context, node string, drained bool) error {
	verb := "drain"
	if !drained {
		verb = "undrain"
	}
	body, err := c.send(ctx, http.MethodPost, "/nodes/"+url.PathEscape(node)+"/"+verb)
	if err != nil {
		return err
	}
	return body.Close()
}

// send returns the body of a response with status 200.
func (c *Client) send(ctx context.Context, method, path string) (io.ReadCloser, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.address+path, nil)
	if err != nil {
		return nil, err
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	switch {
	case resp.StatusCode == http.StatusOK:
		return resp.Body, nil
	case resp.StatusCode == http.StatusUnauthorized:
		err = errUnauthorized
	default:
		err = fmt.Errorf("%s answers %s", c.address, resp.Status)
	}
	resp.Body.Close()
	return nil, err
}
