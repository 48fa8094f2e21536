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

// jwtMethod authenticates by JSON Web Tokens of one issuer.
type jwtMethod struct {
	TokenLocation
	verifier   jwt.Verifier
	staticKeys *jwt.Keys
	remote     *jwt.RemoteKeySet // nil: the keys are staticKeys
	cache      *tokenCache
}

// newJWTMethod returns a method. It reuses a key set of another method if that has the same
// source.
func newJWTMethod(cfg JWTConfig, deps methodDependencies) (*jwtMethod, error) {
	m := &jwtMethod{
		TokenLocation: cfg.TokenLocation,
		verifier:      jwt.Verifier{Issuer: cfg.Issuer, Audience: cfg.Audience, Algorithms: cfg.Algorithms, Leeway: cfg.Leeway},
		cache:         newTokenCache(),
	}
	var err error
	if !cfg.fetchesKeys() {
		m.staticKeys, err = cfg.loadKeys()
		return m, err
	}
	if deps.offline {
		return m, cfg.keySetSource().CheckFiles()
	}
	for _, keySet := range deps.keySets {
		if keySet.Retain(cfg.keySetSource()) {
			m.remote = keySet
			return m, nil
		}
	}
	m.remote, err = jwt.NewRemoteKeySet(cfg.keySetSource(), deps.log)
	return m, err
}

func (m *jwtMethod) authenticate(ctx context.Context, r *Request) (*Identity, error) {
	text, err := m.token(r)
	if text == "" || err != nil {
		return nil, err
	}
	if m.Header == authorization && !strings.HasPrefix(text, "ey") { // every JWT begins with {" in base64
		return nil, errUnrecognized
	}
	if len(text) > jwt.MaxTokenSize {
		return nil, fmt.Errorf("%w: the token is larger than %d bytes", ErrInvalidCredentials, jwt.MaxTokenSize)
	}
	now, hash, keys := time.Now(), sha256.Sum256([]byte(text)), m.currentKeys()
	if identity := m.cache.get(hash, keys, now); identity != nil {
		return identity, nil
	}
	token, err := m.verifier.Verify(text, keys, now)
	if errors.Is(err, jwt.ErrUnknownKey) && m.remote != nil {
		switch newer, problem := m.remote.Refresh(ctx, keys); {
		case errors.Is(problem, jwt.ErrUnavailable):
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, problem)
		case problem != nil:
			return nil, problem
		case newer != keys:
			keys = newer
			token, err = m.verifier.Verify(text, keys, now)
		}
	}
	switch {
	case errors.Is(err, jwt.ErrOtherIssuer):
		return nil, fmt.Errorf("%w: JWT: %w", errUnrecognized, err)
	case err != nil:
		return nil, fmt.Errorf("%w: JWT: %w", ErrInvalidCredentials, err)
	}
	issuer, _ := token.Claims["iss"].(string)
	identity := &Identity{Method: "jwt", Issuer: issuer, Subject: subjectOf(token.Claims, hash), Claims: token.Claims, Expires: token.Expires}
	m.cache.add(hash, len(text), keys, identity)
	return identity, nil
}

func (m *jwtMethod) currentKeys() *jwt.Keys {
	if m.remote == nil {
		return m.staticKeys
	}
	return m.remote.Keys()
}

// remoteKeySets returns the fetched key sets, without duplicates. a may be nil.
func (a *Authenticator) remoteKeySets() (sets []*jwt.RemoteKeySet) {
	if a == nil {
		return nil
	}
	seen := make(map[*jwt.RemoteKeySet]bool)
	for _, m := range a.methods {
		if m, ok := m.(*jwtMethod); ok && m.remote != nil && !seen[m.remote] {
			seen[m.remote] = true
			sets = append(sets, m.remote)
		}
	}
	return sets
}

// KeySetStatuses returns the states of the fetched key sets.
func (a *Authenticator) KeySetStatuses() (statuses []jwt.KeySetStatus) {
	for _, set := range a.remoteKeySets() {
		statuses = append(statuses, set.Status())
	}
	return statuses
}
