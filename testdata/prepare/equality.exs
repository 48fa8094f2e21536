# Compares Absinthe.run/3 with the agent of rpcclient/agent: README.md.
{:ok, _} = Application.ensure_all_started(:absinthe)

for file <- ~w(agent record schemas documents upgrade), do: Code.require_file("#{file}.exs", __DIR__)

defmodule Equality do
  @moduledoc """
  A unit is a document with a schema and an operation name; its cases differ in variables,
  context, options and tick. Each case runs plain once, and then by the agent: from
  the text until the agent keeps the document, and then in two rounds from what it keeps.
  """

  alias Equality.{Agent, Record}

  @rounds 2

  def run(name, units, form) do
    Record.start(form)

    counts =
      units
      |> Stream.chunk_every(60)
      |> Enum.reduce(%{}, fn units, counts ->
        counts = Enum.reduce(compare(units), counts, fn key, counts -> Map.update(counts, key, 1, &(&1 + 1)) end)
        if rem(counts[:documents], 1200) == 0, do: print(name, counts)
        counts
      end)

    :telemetry.detach(Record)
    print(name, counts)
    Map.get(counts, :differences, 0)
  end

  defp print(name, counts), do: IO.puts("#{name}: #{inspect(Enum.sort(counts), limit: :infinity, width: 200)}")

  # Returns what is to be counted.
  defp compare(units) do
    [%{schema: schema} | _] = units
    {:ok, _, _, _} = Agent.restart(schema)
    expected = for unit <- units, do: for(one <- unit.cases, do: {one, plain(unit, one)})
    first = round(units, expected, 0, %{})

    rounds =
      Enum.scan(1..@rounds, first, fn round, {_, kept} ->
        Agent.keep(schema)
        round(units, expected, round, kept)
      end)

    Enum.flat_map([first | rounds], &elem(&1, 0)) ++ for(_ <- units, do: :documents)
  end

  defp plain(unit, one) do
    Record.run(one.tick, fn ->
      Absinthe.run(unit.document, unit.schema, options(unit, one) ++ [context: one.context])
    end)
  end

  defp round(units, expected, round, kept) do
    units
    |> Enum.zip(expected)
    |> Enum.flat_map_reduce(kept, fn {unit, cases}, kept ->
      key = {unit.document, unit.operation, unit.schema}
      # A document that is not kept by now never is.
      cases = if round > 1 and kept[key] == false, do: [], else: cases

      Enum.flat_map_reduce(cases, kept, fn {one, expected}, kept ->
        text = if round > 1 and kept[key], do: :known, else: unit.document
        {seen, answer} = prepared(unit, one, text)
        {counted(unit, one, round, expected, seen, answer), Map.put(kept, key, answer == true)}
      end)
    end)
  end

  defp prepared(unit, one, text) do
    {outcome, own, others, phases} =
      Record.run(one.tick, fn -> Agent.run(unit.document, unit.schema, options(unit, one), one.context, text) end)

    case outcome do
      {:returned, :unknown} when text == :known and own == [] -> prepared(unit, one, unit.document)
      {:returned, {kept, value}} -> {{{:returned, value}, own, others, phases}, kept}
      crashed -> {{crashed, own, others, phases}, :crashed}
    end
  end

  defp options(unit, one), do: [variables: one.variables, operation_name: unit.operation] ++ one.options

  defp counted(unit, one, round, {outcome, own, others, phases}, {now, own_now, others_now, ways}, answer) do
    way = way(answer, ways)

    different =
      for {what, before, now} <- [
            {:result, outcome, now},
            {:seen, resolving(own, way), resolving(own_now, way)},
            {:seen_by_tasks, others, others_now}
          ],
          # A crash kills tasks at any moment.
          what != :seen_by_tasks or match?({:returned, _}, outcome),
          before !== now,
          do: {what, before, now}

    if different != [], do: report(unit, one, round, ways, different)

    valid = if Absinthe.Phase.Document.Execution.Resolution in phases, do: :resolved, else: :refused

    [:runs, {valid, way}] ++
      for(_ <- different, do: :differences) ++
      for({event, _} when is_list(event) <- own ++ others, do: {:events, Enum.drop(event, 1)}) ++
      for({label, _} when not is_list(label) <- own ++ others, do: {:notes, outermost(label)})
  end

  defp outermost(label) when is_tuple(label), do: outermost(elem(label, 0))
  defp outermost(label), do: label

  # Functions of the schema that run before the resolution run again if the agent falls
  # back to the text. A crash does not tell whether it did.
  defp resolving(notes, way) when way in [:fell_back, :crashed], do: Enum.reject(notes, &(elem(&1, 0) in [:context, :complexity, :expand]))
  defp resolving(notes, _), do: notes

  # How a document ran: from the text; from a blueprint that was kept, by the phases that
  # were left out; or from the text after all.
  defp way(answer, ways) do
    cond do
      Absinthe.Phase.Parse in ways and answer == :crashed -> :crashed
      Absinthe.Phase.Parse in ways and answer == true -> :fell_back
      Absinthe.Phase.Parse in ways -> :from_text
      ways == [] -> :no_phase
      Absinthe.Phase.Document.Directives in ways -> {:kept, :document}
      true -> {:kept, :directives}
    end
  end

  defp report(unit, one, round, ways, different) do
    reported = Process.get(:reported, [])
    key = {unit.document, unit.schema, for({what, _, _} <- different, do: what)}

    if key not in reported and length(reported) < 40 do
      Process.put(:reported, [key | reported])

      IO.puts("""
      DIFFERENT in round #{round}: #{inspect(unit.schema)} #{unit.name}, operation #{inspect(unit.operation)}
        #{unit.document |> inspect(printable_limit: 2000)}
        #{inspect(one, limit: :infinity)}
        phases #{inspect(ways)}
      """)

      for {what, before, now} <- different, do: IO.puts("  #{what}: #{explain(before, now)}")
    end
  end

  # The first places where two terms differ.
  defp explain(before, now), do: before |> places(now, []) |> Enum.take(5) |> Enum.join("\n    ")

  defp places(same, same, _), do: []

  defp places([before | befores], [now | nows], path) when is_list(befores) and is_list(nows) do
    places(before, now, [:item | path]) ++ places(befores, nows, path)
  end

  defp places(before, now, path) when is_map(before) and is_map(now) and map_size(before) == map_size(now) do
    if Map.keys(before) == Map.keys(now),
      do: Enum.flat_map(Map.to_list(before), fn {key, value} -> places(value, Map.get(now, key), [key | path]) end),
      else: place(before, now, path)
  end

  defp places(before, now, path) when is_tuple(before) and is_tuple(now) and tuple_size(before) == tuple_size(now) do
    places(Tuple.to_list(before), Tuple.to_list(now), [elem(before, 0) | path])
  end

  defp places(before, now, path), do: place(before, now, path)

  defp place(before, now, path) do
    ["#{inspect(Enum.reverse(path), limit: 40)}: #{short(before)} became #{short(now)}"]
  end

  defp short(term), do: term |> inspect(limit: 12, printable_limit: 300) |> String.slice(0, 600)
end

# References are in the terms of plugins alone.
form = fn name -> if name == "plugins", do: :terms, else: :digests end

differences =
  for task <- System.argv() do
    case String.split(task, ":", parts: 2) do
      ["hostile"] ->
        Equality.Contract.define(true)
        {:ok, _} = Equality.PubSub.start_link()
        {:plain, _} = Equality.Agent.load(Equality.Kept)

        for {name, units} <- Equality.Documents.hostile(), do: Equality.run(name, units, form.(name))

      ["corpus", file] ->
        Equality.Contract.define(false)
        Equality.run(Path.basename(file), Equality.Documents.corpus(file), :digests)

      ["golden"] ->
        Equality.Documents.define_golden()
        Equality.run("golden", Equality.Documents.golden(), :terms)

      ["upgrade"] ->
        Equality.Upgrade.run()
    end
  end

differences = differences |> List.flatten() |> Enum.sum()
IO.puts("#{differences} differences")
System.halt(min(differences, 1))
