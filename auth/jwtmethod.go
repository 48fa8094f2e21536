package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/louche-graphql/louche/auth/jwt"
)

// jwtMethod takes the tokens of one issuer.
type jwtMethod struct {
	place    Place
	rules    jwt.Rules
	static   *jwt.Keys
	remote   *jwt.Remote // nil: the keys are static
	verified *verified
}

// newJWTMethod makes one that holds one of the key sets that others hold, if it is the
// one it needs.
func newJWTMethod(cfg JWTConfig, with opening) (*jwtMethod, error) {
	m := &jwtMethod{
		place:    cfg.Place,
		rules:    jwt.Rules{Issuer: cfg.Issuer, Audience: cfg.Audience, Algorithms: cfg.Algorithms, Leeway: cfg.Leeway},
		verified: newVerified(),
	}
	var err error
	if !cfg.fetched() {
		m.static, err = cfg.keys()
		return m, err
	}
	for _, other := range with.keySets {
		if other.Hold(cfg.source()) {
			m.remote = other
			return m, nil
		}
	}
	m.remote, err = jwt.NewRemote(cfg.source(), with.log)
	return m, err
}

func (m *jwtMethod) identify(ctx context.Context, r *Request) (*Identity, error) {
	text, err := m.place.token(r)
	if text == "" || err != nil {
		return nil, err
	}
	if m.place.Header == authorization && !strings.HasPrefix(text, "ey") { // what {" is in base64
		return nil, errForeign
	}
	if len(text) > jwt.MaxSize {
		return nil, fmt.Errorf("%w: the token is larger than %d bytes", ErrCredentials, jwt.MaxSize)
	}
	now, hash, keys := time.Now(), sha256.Sum256([]byte(text)), m.keys()
	if who := m.verified.identity(hash, keys, now); who != nil {
		return who, nil
	}
	token, err := m.rules.Verify(text, keys, now)
	if errors.Is(err, jwt.ErrUnknownKey) && m.remote != nil {
		switch newer, problem := m.remote.Newer(ctx, keys); {
		case errors.Is(problem, jwt.ErrUnavailable):
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, problem)
		case problem != nil:
			return nil, problem
		case newer != keys:
			keys = newer
			token, err = m.rules.Verify(text, keys, now)
		}
	}
	switch {
	case errors.Is(err, jwt.ErrForeign):
		return nil, fmt.Errorf("%w: JWT: %w", errForeign, err)
	case err != nil:
		return nil, fmt.Errorf("%w: JWT: %w", ErrCredentials, err)
	}
	issuer, _ := token.Claims["iss"].(string)
	who := &Identity{Method: "jwt", Issuer: issuer, Subject: subjectOf(token.Claims, hash), Claims: token.Claims, Expires: token.Expires}
	m.verified.add(hash, keys, who)
	return who, nil
}

func (m *jwtMethod) keys() *jwt.Keys {
	if m.remote == nil {
		return m.static
	}
	return m.remote.Keys()
}

func (m *jwtMethod) headers() []string { return []string{m.place.header()} }

func (m *jwtMethod) ambient() bool { return m.place.inCookie() }

func (m *jwtMethod) close() {
	if m.remote != nil {
		m.remote.Close()
	}
}

// keySets are those fetched, each once. It may be asked of none.
func (a *Authenticator) keySets() (sets []*jwt.Remote) {
	if a == nil {
		return nil
	}
	seen := make(map[*jwt.Remote]bool)
	for _, m := range a.methods {
		if m, ok := m.(*jwtMethod); ok && m.remote != nil && !seen[m.remote] {
			seen[m.remote] = true
			sets = append(sets, m.remote)
		}
	}
	return sets
}

// KeySets tells how the key sets are that are fetched.
func (a *Authenticator) KeySets() (statuses []jwt.KeySetStatus) {
	for _, set := range a.keySets() {
		statuses = append(statuses, set.Status())
	}
	return statuses
}
