// Package phoenix verifies and decrypts tokens that Phoenix.Token has signed or
// encrypted, which is to say Plug.Crypto, in all the forms in which Plug.Crypto 2.1
// takes them:
//
//   - signed: HMAC.PAYLOAD.SIGNATURE, where HMAC is SFMyNTY, SFMzODQ or SFM1MTI, the
//     unpadded base64url of HS256, HS384 and HS512
//   - encrypted: XCP.BYTES, XChaCha20-Poly1305, where the bytes are nonce, tag and
//     ciphertext
//   - encrypted by Plug.Crypto before 2.0: QTEyOEdDTQ.KEY.IV.CIPHERTEXT.TAG, AES-GCM
//     with a key for each token, which is wrapped in the application's (RFC 7518, 4.7)
//
// The payload is a tuple of a term, the time of signing and the age that the token may
// reach, in the external term format. The application's key is made by PBKDF2 from its
// secret_key_base and a salt.
//
// Three things are not as in Plug.Crypto 2.1. A token that was signed more than [MaxClockSkew]
// from now is refused, as later releases refuse all from the future. And fewer terms
// are taken: what is neither text, number, atom nor made of these is no claim, and
// compressed terms are refused, whose size nobody knows. So is nil, which applications
// sign where a page is for nobody.
package phoenix
