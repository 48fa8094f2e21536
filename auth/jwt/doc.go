// Package jwt verifies JSON Web Tokens (RFC 7519) as RFC 8725 says it is done, with
// keys that are given, or fetched from an issuer (RFC 7517, OpenID Connect Discovery
// 1.0). It makes no tokens.
//
// What a token says of itself is never trusted to choose how it is verified: a key
// says which algorithms it is for, and a header that names or brings a key (jku, jwk,
// x5u, x5c) is not looked at. No error holds anything of a token.
package jwt
