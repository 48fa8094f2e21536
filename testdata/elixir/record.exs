# Records golden cases from the real Absinthe, which must be on the code path:
#
#   elixir testdata/elixir/record.exs < requests.jsonl >> testdata/golden/absinthe-1.11.jsonl
#
# A request is a line {"name", "query", "variables", "operation_name"}; its context is
# empty. Needs Elixir 1.18, whose JSON has the same output as Jason.

Code.require_file("json.exs", __DIR__)
Code.require_file("gateway.exs", __DIR__)
Code.require_file("fields.exs", __DIR__)
Code.require_file("schema.exs", __DIR__)
{:ok, _} = Application.ensure_all_started(:absinthe)
:io.setopts(:standard_io, encoding: :utf8)
term = fn value -> value |> :erlang.term_to_binary() |> Base.encode64() end

for line <- IO.stream(:stdio, :line) do
  request = TestApp.JSON.read(line)
  %{"query" => query, "variables" => variables, "operation_name" => name} = request

  result =
    Absinthe.run(query, TestApp.Schema, variables: variables, operation_name: name, context: %{})

  request
  |> Map.merge(%{
    "context" => "%{}",
    "context_etf" => term.(%{}),
    "result_etf" => term.(result),
    "json" => result |> elem(1) |> JSON.encode!()
  })
  |> JSON.encode!()
  |> IO.puts()
end
