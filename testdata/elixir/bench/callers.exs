defmodule Bench.Callers do
  @moduledoc "Processes that call Absinthe on another node."

  @doc """
  Calls for some milliseconds. Returns the number of calls, the elapsed time, and the
  latencies' median and 99th percentile, in microseconds.
  """
  def run(target, document, variables, differing, callers, ms) do
    counter = :counters.new(1, [])
    began = now()
    call = fn -> call(target, document, vary(variables, differing, counter)) end

    latencies =
      1..callers
      |> Enum.map(fn _ -> Task.async(fn -> repeat(call, began + ms * 1000, []) end) end)
      |> Task.await_many(:infinity)
      |> Enum.concat()
      |> Enum.sort()
      |> List.to_tuple()

    n = tuple_size(latencies)
    {n, now() - began, elem(latencies, div(n, 2)), elem(latencies, div(n * 99, 100))}
  end

  defp repeat(call, deadline, latencies) do
    began = now()
    call.()
    ended = now()
    latencies = [ended - began | latencies]
    if ended < deadline, do: repeat(call, deadline, latencies), else: latencies
  end

  defp call(target, document, variables) do
    options = [variables: variables, context: %{current_user_id: 42}]
    {:ok, %{data: _}} = :erpc.call(target, Absinthe, :run, [document, Bench.Schema, options], 60_000)
  end

  defp vary(variables, nil, _counter), do: variables

  defp vary(variables, name, counter) do
    :counters.add(counter, 1, 1)
    Map.put(variables, name, "u#{:counters.get(counter, 1)}")
  end

  defp now, do: System.monotonic_time(:microsecond)
end
