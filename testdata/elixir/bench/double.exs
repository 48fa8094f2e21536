defmodule Bench.Schema do
  @moduledoc "What Absinthe answers to the documents of test/bench, for its double."

  def answer(document, options) do
    variables = options[:variables]

    data =
      cond do
        document =~ "Dashboard" -> dashboard(variables)
        document =~ "items" -> %{"items" => Enum.map(1..variables["n"], &item/1)}
        document =~ "lines" -> %{"lines" => List.duplicate(String.duplicate("x", 1024), variables["n"])}
        document =~ "report" -> report(variables["ms"])
        document =~ "hello" -> %{"session" => session(), "hello" => "hello #{variables["name"]}"}
        true -> %{"session" => session()}
      end

    {:ok, %{data: data}}
  end

  defp report(ms) do
    Process.sleep(ms)
    %{"report" => "done"}
  end

  defp session do
    %{"user" => %{"id" => "42", "name" => "User 42", "email" => "u42@example.com"}}
  end

  defp dashboard(variables) do
    %{
      "me" => session(),
      "again" => session(),
      "greeting" => "hello #{variables["name"]}",
      "fixed" => "hello everyone",
      "items" => [item(1)],
      "first" => [item(1)]
    }
  end

  defp item(n) do
    %{
      "id" => "#{n}",
      "name" => "item #{n}",
      "text" => String.duplicate("The text of item #{n}. ", 20),
      "price" => "12.50",
      "at" => "2026-01-01T00:00:00Z",
      "ratio" => n / 3,
      "scores" => [1, 2, 3]
    }
  end
end
