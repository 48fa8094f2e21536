defmodule TestApp.JSON do
  @moduledoc """
  Reads JSON. Elixir 1.14 on OTP 25 brings no reader of its own, and the golden
  cases must not be read by the code that is tested with them.
  """

  def read(text) do
    {value, rest} = text |> skip() |> value()
    "" = skip(rest)
    value
  end

  defp value("null" <> rest), do: {nil, rest}
  defp value("true" <> rest), do: {true, rest}
  defp value("false" <> rest), do: {false, rest}
  defp value("\"" <> rest), do: string(rest, "")
  defp value("[" <> rest), do: list(skip(rest), [])
  defp value("{" <> rest), do: object(skip(rest), %{})

  defp value(text) do
    [number] = Regex.run(~r/\A-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/, text)
    rest = binary_part(text, byte_size(number), byte_size(text) - byte_size(number))

    case Integer.parse(number) do
      {integer, ""} -> {integer, rest}
      _ -> {number |> Float.parse() |> elem(0), rest}
    end
  end

  defp list("]" <> rest, values), do: {Enum.reverse(values), rest}
  defp list("," <> rest, values), do: list(skip(rest), values)

  defp list(text, values) do
    {value, rest} = value(text)
    list(skip(rest), [value | values])
  end

  defp object("}" <> rest, members), do: {members, rest}
  defp object("," <> rest, members), do: object(skip(rest), members)

  defp object("\"" <> text, members) do
    {key, rest} = string(text, "")
    ":" <> rest = skip(rest)
    {value, rest} = value(skip(rest))
    object(skip(rest), Map.put(members, key, value))
  end

  defp string("\"" <> rest, read), do: {read, rest}
  defp string("\\n" <> rest, read), do: string(rest, read <> "\n")
  defp string("\\t" <> rest, read), do: string(rest, read <> "\t")
  defp string("\\r" <> rest, read), do: string(rest, read <> "\r")
  defp string("\\b" <> rest, read), do: string(rest, read <> "\b")
  defp string("\\f" <> rest, read), do: string(rest, read <> "\f")
  defp string("\\u" <> rest, read), do: utf16(rest, <<>>, read)
  defp string(<<?\\, char, rest::binary>>, read), do: string(rest, <<read::binary, char>>)
  defp string(<<char, rest::binary>>, read), do: string(rest, <<read::binary, char>>)

  # A character outside the basic plane is a surrogate pair.
  defp utf16(<<hex::binary-4, rest::binary>>, units, read) do
    units = <<units::binary, String.to_integer(hex, 16)::16>>

    case {units, rest} do
      {<<char::utf16>>, _} -> string(rest, <<read::binary, char::utf8>>)
      {_, "\\u" <> rest} -> utf16(rest, units, read)
    end
  end

  defp skip(<<space, rest::binary>>) when space in [?\s, ?\t, ?\r, ?\n], do: skip(rest)
  defp skip(text), do: text
end
