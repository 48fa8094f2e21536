// Package jwt verifies JSON Web Tokens (RFC 7519) by the rules of RFC 8725. Keys are
// configured, or fetched from an issuer (RFC 7517, OpenID Connect Discovery 1.0). The
// package does not create tokens.
//
// A token never chooses how it is verified: each key has its algorithms, and the header
// parameters that name or contain a key (jku, jwk, x5u, x5c) are ignored. Errors contain
// no part of a token.
package jwt
