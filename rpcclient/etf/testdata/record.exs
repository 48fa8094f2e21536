# Writes jason.jsonl: terms as a BEAM node encodes them, and what Jason makes of
# them. Run it with every Elixir whose terms should be in the file:
#
#     elixir record.exs >> jason.jsonl
unless Code.ensure_loaded?(Jason), do: Mix.install([{:jason, "~> 1.4"}, {:decimal, "~> 2.0"}])

defmodule Unknown do
  defstruct [:name]
end

zoned = %DateTime{
  year: 2026, month: 2, day: 3, hour: 4, minute: 5, second: 6, microsecond: {7000, 3},
  time_zone: "Europe/Warsaw", zone_abbr: "CET", utc_offset: 3600, std_offset: 0
}

values = [
  nil, true, false, :ok, :"with space", :"quote\"", :ünïcode, :"☃", :"", Foo.Bar,
  String.to_atom(String.duplicate("ä", 255)),
  "", "plain", "quote \" back \\ slash /", "\b\t\n\f\r\0\x1F\x7F", "héllo ☃ 日本語 😀 \u2028",
  "seven b", "eight by", "nine byte", "0123456789ABCDE\n0123456789", "0123456\x00", "01234567\"",
  "\xFF", "ok\xC3", <<0xED, 0xA0, 0x80>>, <<0xC0, 0x80>>, <<1::3>>,
  0, 1, -1, 255, 256, 2_147_483_647, -2_147_483_648, 2_147_483_648, -2_147_483_649,
  9_223_372_036_854_775_807, -9_223_372_036_854_775_808, 9_223_372_036_854_775_808,
  18_446_744_073_709_551_615, 18_446_744_073_709_551_616, -123_456_789_012_345_678_901_234_567_890,
  10_000_000_000_000_000_000, 100_000_000_000_000_000_000_000_000_000_000_000_000,
  Integer.pow(2, 2040) - 1, Integer.pow(2, 2040), -Integer.pow(10, 1000),
  0.0, -0.0, 1.0, 0.1, 0.001, 1.0e-4, 1.0e-5, 1.23e-4, 100.0, 1000.0, 1.23e5, 123456.0,
  1.0e22, 5.0e-324, 1.7976931348623157e308, 9007199254740991.0, 9007199254740992.0, 1.0e15,
  123456789.125, -1.5e300, 1 / 3, 12345678901234567.0,
  [], [1, 2, 3], ~c"hello", [256, 1], [[], [[]]], ["a", nil, 1.5], Enum.to_list(0..255), [1 | 2], ["a" | :b],
  %{}, %{"a" => 1}, %{a: 1}, %{3 => "integer"}, %{-3 => 1}, %{1.5 => "float"}, %{nil => 1}, %{true => 2},
  %{18_446_744_073_709_551_616 => 1}, %{"a\"b" => %{"c\n" => []}}, %{"\xFF" => 1}, %{{1} => 2},
  %{__struct__: "no atom", a: 1}, %{"__struct__" => Date, "a" => 1}, %{"Elixir.Date" => :__struct__},
  struct(Unknown, name: "x"), %{"a" => [%{b: struct(Unknown)}]}, 1..2, MapSet.new([1]),
  ~D[2026-11-22], ~D[0000-01-01], ~D[-0044-03-15], ~D[9999-12-31],
  %{~D[2026-11-22] | year: 10000}, %{~D[2026-11-22] | year: -12345}, %{zoned | year: 294_276}, %{%{zoned | year: 10000} => 1},
  ~T[23:59:59.123456], ~T[00:00:00], ~T[08:30:00.5], ~T[08:30:00.000], %Time{hour: 1, minute: 2, second: 3, microsecond: {45, 4}},
  ~N[2026-11-22 10:11:12.5], ~N[-0001-01-01 00:00:00], ~U[2026-11-22 10:11:12Z], ~U[2026-11-22 10:11:12.000001Z],
  zoned, %{zoned | std_offset: 3600}, %{zoned | utc_offset: -12_600}, %{zoned | utc_offset: -30}, %{zoned | utc_offset: 0},
  %{zoned | time_zone: "Etc/UTC"}, %{zoned | time_zone: "Etc/UTC", utc_offset: 3600, std_offset: -3600},
  %{"when" => ~D[2026-11-22], "who" => [%{at: zoned}]},
  Decimal.new("1234.5600"), Decimal.new("0"), Decimal.new("-0"), Decimal.new("-0.00"), Decimal.new("1E+3"), Decimal.new("-1.5E5"),
  Decimal.new("0E-10"), Decimal.new("1E-8"), Decimal.new("123E-9"), Decimal.new("0.1"), Decimal.new("1.0"), Decimal.new("-12.3"),
  Decimal.new(1, 12345678901234567890123456789012345678901234567890123, -3), Decimal.new("NaN"), Decimal.new("inf"), Decimal.new("-inf"),
  %Jason.OrderedObject{values: []}, %Jason.OrderedObject{values: [{"z", 1}, {:a, %{}}, {3, [nil]}, {"z", ~D[2026-11-22]}]},
  %Jason.OrderedObject{values: [{"deep", %Jason.OrderedObject{values: [{"deeper", [Decimal.new("1.50")]}]}}]},
  %Jason.OrderedObject{values: %{a: 1}}, %Jason.OrderedObject{values: [1, 2]}, %Jason.OrderedObject{values: [{"a", {1}}]},
  # Keys are printed by String.Chars.
  %{~D[2026-11-22] => 1}, %{~D[-0044-03-15] => 1}, %{~T[23:59:59.123] => 1}, %{~T[00:00:00] => 1},
  %{~N[2026-11-22 10:11:12.5] => 1}, %{~U[2026-11-22 10:11:12Z] => 1}, %{~U[2026-11-22 10:11:12.000001Z] => 1},
  %{zoned => 1}, %{%{zoned | std_offset: 3600} => 1}, %{%{zoned | utc_offset: -12_600} => 1}, %{%{zoned | utc_offset: 0} => 1},
  %{%{zoned | time_zone: "Etc/UTC", zone_abbr: "UTC"} => 1}, %{%{zoned | zone_abbr: "C\"T"} => 1},
  %{Decimal.new("1234.5600") => 1}, %{Decimal.new("0") => 1}, %{Decimal.new("-0.00") => 1}, %{Decimal.new("1E+3") => 1},
  %{Decimal.new("-1.5E5") => 1}, %{Decimal.new("0E-10") => 1}, %{Decimal.new("1E-8") => 1}, %{Decimal.new("123E-9") => 1},
  %{Decimal.new("123E-8") => 1}, %{Decimal.new("0.000001") => 1}, %{Decimal.new("0.0000001") => 1}, %{Decimal.new("-12.3") => 1},
  %{Decimal.new(1, 1, 1_000_000_000) => 1}, %{Decimal.new(1, 12, -1_000_000_000) => 1}, %{Decimal.new("NaN") => 1}, %{Decimal.new("-inf") => 1},
  %{Version.parse!("1.2.3") => 1}, %{Version.parse!("1.2.3-rc.1.x+build.5") => 1}, %{Version.parse!("1.0.0-1.2") => 1},
  %{Version.parse!("0.0.0-0+a") => 1}, %{Version.parse_requirement!("~> 1.2 and >= 1.2.3") => 1},
  %{URI.parse("https://ada:pw@example.org:8443/a/b?q=1&r=\"2\"#frag") => 1}, %{URI.parse("https://example.org:443/") => 1},
  %{URI.parse("http://example.org") => 1}, %{URI.parse("http://[::1]:80") => 1}, %{URI.parse("http://[::1]:81/x") => 1},
  %{URI.parse("wss://example.org:443/socket") => 1}, %{URI.parse("ldap://example.org:390") => 1}, %{URI.parse("sftp://example.org:22/") => 1},
  %{URI.parse("mailto:ada@example.org") => 1}, %{URI.parse("/path?x") => 1}, %{URI.parse("") => 1}, %{URI.parse("//host/p") => 1},
  %{URI.parse("file:///etc/hosts") => 1}, %{URI.parse("x://") => 1}, %{%URI{host: "h", path: "p"} => 1}, %{%URI{path: "//p"} => 1},
  %{%URI{scheme: "", host: ""} => 1}, %{%URI{host: "h", port: 80} => 1}, %{%URI{authority: "a:1", path: "/p"} => 1},
  %{[] => 1}, %{~c"abc" => 1}, %{~c"äö\"☃" => 1}, %{[0x10FFFF] => 1}, %{[0xD800] => 1}, %{[0x110000] => 1}, %{[-1] => 1}, %{[1.5] => 1},
  %{["a", [?b, ["c" | "d"]], []] => 1}, %{[?a | "b"] => 1}, %{[?a | ?b] => 1}, %{["\xFF"] => 1}, %{[:a] => 1}, %{[0] => 1}, %{[[[]]] => 1},
  %{["\xC3", "\xA4"] => 1}, %{["\xC3", ["\xA4" | "b"]] => 1}, %{["\xC3", 0xA4] => 1}, %{["\xC3", ?a, "\xA4"] => 1},
  %{1.0e22 => 1}, %{0.1 => 1}, %{-0.0 => 1}, %{1.0e-5 => 1}, %{100.0 => 1}, %{123456789.125 => 1},
  %{struct(Unknown) => 1}, %{MapSet.new([1]) => 1}, %{%{} => 1}, %{%{a: 1} => 1}, %{<<1::3>> => 1}, %{(1..2) => 1},
  %{%Jason.OrderedObject{values: []} => 1}, %{%{~D[2026-11-22] | calendar: Unknown} => 1},
  # Keys that print alike stay two members.
  %{"1" => :a, 1 => :b}, %{:a => 1, "a" => 2}, %{~c"a" => 1, "a" => 2}, %{~D[2026-11-22] => 1, "2026-11-22" => 2}, %{[] => 1, "" => 2},
  %Jason.OrderedObject{values: [{~D[2026-11-22], 1}, {~c"k", %{Decimal.new("1E+3") => []}}, {[], nil}]},
  %{"a" => %{zoned => [{1}]}},
  {}, {:ok, 1}, %{"a" => [1, {2}]}, [%{"b" => {:c, %{}}}],
]

run = fn value ->
  try do
    Jason.encode!(value)
  rescue
    _ -> nil
  end
end

string = fn text -> Jason.encode!(text) end

for value <- values do
  # printable_limit and limit keep the notation short; it is for the reader alone.
  term = inspect(value, limit: 12, printable_limit: 60, binaries: :infer)
  json = run.(value)
  IO.puts([
    ~s({"otp":), string.(System.otp_release()), ~s(,"term":), string.(term),
    ~s(,"etf":), string.(Base.encode64(:erlang.term_to_binary(value))),
    ~s(,"json":), if(json, do: string.(json), else: "null"), "}"
  ])
end
