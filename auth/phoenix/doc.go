// Package phoenix verifies and decrypts the tokens of Phoenix.Token, which uses
// Plug.Crypto. It accepts every form that Plug.Crypto 2.1 accepts:
//
//   - signed: HMAC.PAYLOAD.SIGNATURE, where HMAC is SFMyNTY, SFMzODQ or SFM1MTI, the
//     unpadded base64url of HS256, HS384 and HS512
//   - encrypted: XCP.BYTES, XChaCha20-Poly1305, where the bytes are nonce, tag and
//     ciphertext
//   - encrypted by Plug.Crypto before 2.0: QTEyOEdDTQ.KEY.IV.CIPHERTEXT.TAG, AES-GCM
//     with one key for each token, which the application's key wraps (RFC 7518, 4.7)
//
// The payload is a tuple of a term, the signing time and the maximum age, in the external
// term format. PBKDF2 derives the key from secret_key_base and a salt.
//
// The package is stricter than Plug.Crypto 2.1 in these points:
//
//   - It refuses a token whose signing time is more than [MaxClockSkew] in the future.
//     Later releases of Plug.Crypto refuse every token from the future.
//   - It refuses a term that has no form as a claim, such as a pid or a function.
//   - It refuses compressed terms, whose expanded size is unknown.
//   - It refuses nil, which applications sign on pages of users who are not logged in.
package phoenix
