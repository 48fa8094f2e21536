# Runs documents with the Absinthe of ERL_LIBS. Reads one JSON object a line from standard
# input: {"name": …, "query": …, "variables": …}. Writes the same with Absinthe's verdict:
# "accepted" is whether it ran the document, "message" its first error.
#
#     ERL_LIBS=… elixir record.exs < documents.jsonl > verdicts.jsonl
#     ERL_LIBS=… elixir record.exs data < names.jsonl > again.jsonl   # with the "data" of the answer
#     ERL_LIBS=… elixir record.exs internal < names > internal-names.txt   # what names become
#     ERL_LIBS=… elixir record.exs schema > schema.graphql
#     ERL_LIBS=… elixir record.exs schema Contract.Descriptions > descriptions.graphql
{:ok, _} = Application.ensure_all_started(:absinthe)
Code.require_file("schema.exs", __DIR__)
Code.require_file("descriptions.exs", __DIR__)

defmodule Contract.Introspection do
  # What a gateway asks, from the file that it is in.
  def document do
    [_, text] =
      Regex.run(~r/const Introspection = `([^`]*)`/, File.read!(System.fetch_env!("INTROSPECTION")))

    text
  end
end

verdict = fn asked ->
  try do
    case Absinthe.run(asked["query"], Contract.Schema, variables: asked["variables"] || %{}, operation_name: asked["operation"]) do
      {:ok, %{data: data}} -> {true, nil, data}
      {:ok, %{errors: [%{message: message} | _]}} -> {false, message, nil}
      {:ok, %{"subscribed" => _}} -> {true, nil, nil}
      other -> {false, inspect(other), nil}
    end
  rescue
    e -> {false, "raised " <> inspect(e.__struct__), nil}
  end
end

case System.argv() do
  ["schema" | named] ->
    IO.write(Absinthe.Schema.to_sdl(Module.concat(named ++ [Contract.Schema] |> Enum.take(1))))

  ["internal"] ->
    for line <- IO.stream(:stdio, :line), [name | _] = String.split(line) do
      IO.puts("#{name} #{Absinthe.Adapter.LanguageConventions.to_internal_name(name, :field)}")
    end

  ["introspection" | named] ->
    {:ok, result} = Absinthe.run(Contract.Introspection.document(), Module.concat(named ++ [Contract.Schema] |> Enum.take(1)))
    IO.puts(JSON.encode!(result))

  mode when mode in [[], ["data"]] ->
    IO.stream(:stdio, :line)
    |> Task.async_stream(
      fn line ->
        asked = JSON.decode!(line)
        {accepted, message, data} = verdict.(asked)
        said = %{"accepted" => accepted, "message" => message}
        said = if mode == [], do: said, else: Map.put(said, "data", data)
        JSON.encode!(Map.merge(asked, said))
      end,
      ordered: true,
      timeout: :infinity
    )
    |> Enum.each(fn {:ok, line} -> IO.puts(line) end)
end
