# Records tokens of Plug.Crypto, which implements Phoenix.Token. The release of the library
# in ERL_LIBS determines the format of the tokens:
#
#   elixir testdata/elixir/tokens.exs > testdata/golden/phoenix-tokens-2.1.jsonl
#   elixir testdata/elixir/tokens.exs legacy > testdata/golden/phoenix-tokens-1.2.jsonl
#
# "verified" is the library's result for each, with the same options for the key, at the
# time "recorded_at" (milliseconds). Needs Elixir 1.18 for its JSON.
alias Plug.Crypto.{KeyGenerator, MessageVerifier}
{:ok, _} = Application.ensure_all_started(:plug_crypto)
:io.setopts(:standard_io, encoding: :utf8)

base = "louche-secret-key-base-louche-secret-key-base-louche-secret-key-base-"
salt = "user auth"
recorded_at = System.os_time(:millisecond)
signed_at = div(recorded_at, 1000) - 60

record = fn name, kind, term, options, token ->
  verified =
    try do
      case kind do
        "sign" -> Plug.Crypto.verify(base, salt, token, Keyword.drop(options, [:max_age]))
        "encrypt" -> Plug.Crypto.decrypt(base, salt, token, Keyword.drop(options, [:max_age]))
      end
    rescue
      error -> {:raised, error.__struct__}
    end

  IO.puts(
    JSON.encode!(%{
      "name" => name,
      "kind" => kind,
      "term" => inspect(term),
      "options" => inspect(options),
      "token" => token,
      "recorded_at" => recorded_at,
      "secret_key_base" => base,
      "salt" => salt,
      "verified" => inspect(verified)
    })
  )
end

sign = fn name, term, options ->
  token = Plug.Crypto.sign(base, salt, term, Keyword.put_new(options, :signed_at, signed_at))
  record.(name, "sign", term, options, token)
end

encrypt = fn name, term, options ->
  token = Plug.Crypto.encrypt(base, salt, term, Keyword.put_new(options, :signed_at, signed_at))
  record.(name, "encrypt", term, options, token)
end

# Valid signatures of contents that are no message of Plug.Crypto.sign.
message = fn name, term, bytes, digest ->
  key = KeyGenerator.generate(base, salt)
  record.(name, "sign", term, [], MessageVerifier.sign(bytes, key, digest))
end

binary = &:erlang.term_to_binary/1
signed = signed_at * 1000

case System.argv() do
  ["legacy"] ->
    sign.("signed integer", 42, [])
    encrypt.("integer", 42, [])
    encrypt.("map", %{"sub" => 42, "roles" => ["admin"]}, [])
    encrypt.("string", "user-7f3a", max_age: 60)
    encrypt.("key of 16 bytes", 42, key_length: 16)
    encrypt.("key of 24 bytes", 42, key_length: 24)
    encrypt.("key options", 42, key_iterations: 2000, key_digest: :sha512)
    encrypt.("expired", 42, signed_at: 1_500_000_000)

  [] ->
    encrypt.("encrypted, with key options", 42, key_iterations: 2000, key_digest: :sha384)
    encrypt.("encrypted and expired", 42, signed_at: 1_500_000_000)
    message.("HMAC with SHA-384", 42, binary.({42, signed, 86_400}), :sha384)
    message.("HMAC with SHA-512", 42, binary.({42, signed, 86_400}), :sha512)
    message.("before Plug.Crypto 1.1", 42, binary.(%{data: 42, signed: signed}), :sha256)
    message.("Plug.Crypto 1.1", 42, binary.({42, signed}), :sha256)
    message.("another tuple", 42, binary.({42, signed, 86_400, 1}), :sha256)
    message.("no term", nil, "user 42", :sha256)
    message.("nothing", nil, "", :sha256)
    message.("compressed", "a", :erlang.term_to_binary({String.duplicate("a", 500), signed, 86_400}, [:compressed]), :sha256)

    sign.("short key, SHA-384", 42, key_length: 16, key_digest: :sha384)
    sign.("long key", 42, key_length: 200)
    sign.("expired", 42, signed_at: 1_500_000_000)
    sign.("of the year 2100", 42, signed_at: 4_102_444_800)
    sign.("for ever", 42, max_age: :infinity)
    sign.("for ever, from long ago", 42, signed_at: 1_500_000_000, max_age: :infinity)
    sign.("for no time", 42, max_age: 0)
    sign.("for less than no time", 42, max_age: -1)
    sign.("for half a second", 42, max_age: 0.5)
    sign.("for ages", 42, max_age: 1_000_000_000_000_000_000_000)
    sign.("for nil", 42, max_age: nil)

    for {name, term} <- [
          {"atom", :admin},
          {"nil", nil},
          {"true", true},
          {"float", 1.5},
          {"zero", 0},
          {"negative", -42},
          {"32 bits", 4_000_000_000},
          {"64 bits", 9_223_372_036_854_775_807},
          {"past 64 bits", 9_223_372_036_854_775_808},
          {"large", Integer.pow(2, 80)},
          {"large and negative", -Integer.pow(2, 80)},
          {"larger", Integer.pow(2, 8 * 300)},
          {"charlist", ~c"abc"},
          {"empty list", []},
          {"list", [1, "a", :b, nil]},
          {"improper list", [1 | 2]},
          {"empty tuple", {}},
          {"empty string", ""},
          {"empty map", %{}},
          {"UTF-8", "Ærø ✓"},
          {"UUID as bytes", <<0x0E1F1B7E0F0A4C1D9F369A1B2C3D4E5F::128>>},
          {"bits", <<1::3>>},
          {"nested", %{user: %{id: 42, roles: [:admin, "ops"], tuple: {:a, 1.0}}, sub: "42"}},
          {"atom and string keys", %{:sub => 42, "tenant" => "acme"}},
          {"the same key twice", %{:sub => 1, "sub" => 2}},
          {"integer key", %{1 => 2}},
          {"tuple sub", %{sub: {:user, 42}}},
          {"nil sub", %{sub: nil}},
          {"no sub", %{user_id: 42}},
          {"another without sub", %{user_id: 43}},
          {"date and time", %{sub: 42, at: ~U[2026-01-02 03:04:05.678Z], on: ~D[2026-01-02], when: ~T[03:04:05], then: ~N[2026-01-02 03:04:05]}},
          {"range", 1..2},
          {"URI", %{sub: 42, uri: URI.parse("https://example.com/")}},
          {"pid", self()},
          {"reference", %{sub: make_ref()}},
          {"function", &String.length/1},
          {"deep", Enum.reduce(1..100, 42, fn _, inner -> [inner] end)}
        ] do
      sign.(name, term, [])
    end
end
