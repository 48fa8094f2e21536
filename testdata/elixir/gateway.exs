defmodule TestApp.Gateway do
  @moduledoc """
  A function for `context_from`, as an application has one. What it does is said by
  the claim `reply`; how often it was called, and what it returned, can be asked.
  """

  def start, do: note(:called, :counters.new(1, []))

  @doc "How often `build_context/1` was called, since the last time that was asked."
  def called do
    counter = noted(:called)
    called = :counters.get(counter, 1)
    :counters.sub(counter, 1, called)
    called
  end

  @doc "Whether the last context of a resolver is, by ===, what was built last; asked once."
  def same? do
    same = noted(:seen) === noted(:built)
    note(:seen, nil)
    same
  end

  @doc "Notes the context that a resolver has."
  def saw(context), do: note(:seen, context)

  def build_context(claims) do
    :counters.add(noted(:called), 1, 1)
    reply(claims["reply"], claims)
  end

  def always?(claims), do: %{claims: claims}

  def user(_claims), do: %{current_user_id: 42}
  def refuse(_claims), do: {:error, "a secret of the function"}
  def forbid!(_claims), do: {:error, :forbidden}
  def crash(_claims), do: raise("a secret of the function")

  @doc "For `response_from`."
  def respond(%{claims: claims}, result) do
    %{
      status: if(is_map_key(result, :data), do: 202, else: 418),
      headers: %{"x-result" => Enum.map_join(result, " ", &elem(&1, 0)), "x-secret" => "hidden"},
      cookies: %{"user" => %{value: claims["sub"] || "nobody", max_age: 60, same_site: "Lax"}, "other" => "kept"}
    }
  end

  def respond_nothing(_context, _result), do: %{}
  @doc "Values that begin another header, or another attribute of a cookie."
  def respond_split(_context, %{data: %{"header" => _}}), do: %{headers: %{"x-result" => "1\r\nset-cookie: user=ada"}}
  def respond_split(_context, %{data: %{"cookie" => _}}), do: %{cookies: %{"user" => "ada; Domain=example.com"}}
  def respond_split(_context, _result), do: %{}

  def respond_badly(_context, _result), do: %{headers: [:no_pair]}

  defp reply(nil, claims), do: %{claims: claims}
  defp reply("ok", claims), do: {:ok, %{claims: claims}}
  defp reply("current_user", claims), do: %{current_user: claims["sub"], locale: "of the function"}
  defp reply("error", claims), do: {:error, claims["reason"]}
  defp reply("forbidden", _), do: {:error, :forbidden}
  defp reply("ok of no map", _), do: {:ok, :nothing}
  defp reply("raise", _), do: raise("a secret of the function")
  defp reply("throw", _), do: throw(:ball)
  defp reply("exit", _), do: exit(:leaving)
  defp reply("sleep", _), do: TestApp.Fields.sleep(3_600_000)
  defp reply("large", _), do: %{large: String.duplicate("x", 20_000)}

  defp reply("everything", claims) do
    note(:built, %{
      :claims => claims,
      :user => %URI{host: "example.com", port: 443},
      :at => ~U[2026-11-22 10:11:12.5Z],
      :atoms => [:admin, nil, true, :ünïcode, Foo.Bar, :"with space"],
      :numbers => [0, 255, 256, -1, 2 ** 64, -(2 ** 3000), 1.0, -0.0, 0.1],
      :lists => [[], ~c"text", [1, 300], [1 | 2], Enum.to_list(1..300)],
      :binaries => ["", "héllo", <<0, 255>>, <<5::3>>],
      :tuples => {{}, {:ok, %{}}, List.to_tuple(Enum.to_list(1..300))},
      :identifiers => {self(), make_ref(), hd(Port.list())},
      :functions => [&String.upcase/1, fn x -> {x, claims, :held} end],
      :map => Map.new(1..50, &{&1, {:value, &1}}),
      "key" => 1,
      2 => 2,
      {:a, [1.5]} => 3
    })
  end

  defp note(key, value) do
    :persistent_term.put({__MODULE__, key}, value)
    value
  end

  defp noted(key), do: :persistent_term.get({__MODULE__, key})
end
