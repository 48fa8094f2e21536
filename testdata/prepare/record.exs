defmodule Equality.Record do
  @moduledoc """
  Runs an operation in a process of its own, and records what the application sees of it:
  the result or the crash, the telemetry events, and what middleware, resolvers, plugins
  and other functions of the schema note.
  """

  alias Absinthe.{Blueprint, Resolution, Type}

  @events [
    [:absinthe, :execute, :operation, :start],
    [:absinthe, :execute, :operation, :stop],
    [:absinthe, :resolve, :field, :start],
    [:absinthe, :resolve, :field, :stop],
    [:absinthe, :middleware, :batch, :start],
    [:absinthe, :middleware, :batch, :stop],
    [:absinthe, :middleware, :batch, :exception],
    [:absinthe, :middleware, :async, :task, :start],
    [:absinthe, :middleware, :async, :task, :stop],
    [:absinthe, :subscription, :publish, :start]
  ]

  # The phases whose calls tell how a document ran.
  @phases [
    Absinthe.Phase.Parse,
    Absinthe.Phase.Document.Variables,
    Absinthe.Phase.Document.Arguments.Parse,
    Absinthe.Phase.Document.Directives,
    Absinthe.Phase.Document.Execution.Resolution
  ]

  @doc """
  Starts recording. Form says what is recorded of a term: `:terms` records itself, without
  what differs between any two runs; `:digests` a hash, which is faster.
  """
  def start(form) do
    :persistent_term.put(__MODULE__, {form, self()})
    :ok = :telemetry.attach_many(__MODULE__, @events, &__MODULE__.event/4, nil)
    Enum.each(@phases, &({:module, _} = Code.ensure_loaded(&1)))
    for phase <- @phases, do: 1 = :erlang.trace_pattern({phase, :run, 2}, true, [:call_count])
    :ok
  end

  @doc """
  Runs a function and returns its outcome, the notes of its process in order, those of other
  processes without an order, and the names of the phases that ran.
  """
  def run(tick, function) do
    before = counts()

    # The heap is for speed.
    {pid, monitor} =
      :erlang.spawn_opt(
        fn ->
          Process.flag(:trap_exit, true)
          Process.put(:tick, tick)
          exit(outcome(function))
        end,
        [:monitor, min_heap_size: 100_000]
      )

    receive do
      {:DOWN, ^monitor, _, _, outcome} ->
        {own, others} = Enum.split_with(notes(pid), &match?({^pid, _}, &1))
        phases = for {phase, before, now} <- Enum.zip([@phases, before, counts()]), now > before, do: phase
        {outcome, Enum.map(own, &elem(&1, 1)), Enum.sort(Enum.map(others, &elem(&1, 1))), phases}
    end
  end

  defp outcome(function) do
    {:returned, function.()}
  catch
    class, reason -> {:crashed, class, scrub(reason)}
  end

  # The notes of a process and its tasks.
  defp notes(root) do
    receive do
      {:noted, ^root, pid, note} -> [{pid, note} | notes(root)]
      {:noted, _, _, _} -> notes(root)
    after
      0 -> []
    end
  end

  defp counts do
    for phase <- @phases do
      {:call_count, count} = :erlang.trace_info({phase, :run, 2}, :call_count)
      count
    end
  end

  @doc "Notes a term that a function of the schema saw."
  def note(label, term) do
    {form, collector} = :persistent_term.get(__MODULE__)
    root = List.last(Process.get(:"$callers", [self()]))
    send(collector, {:noted, root, self(), {label, record(form, term)}})
    :ok
  end

  def event(event, measurements, metadata, _) do
    # Identifiers differ, but they are there.
    metadata = Map.new(metadata, fn {key, value} -> {key, if(key in [:id, :telemetry_span_context], do: true, else: value)} end)
    note(event, {Map.keys(measurements), metadata})
  end

  defp record(:terms, term), do: scrub(term)

  defp record(:digests, {measurements, %{blueprint: blueprint} = metadata}) do
    fields = for {field, value} <- Map.from_struct(brief(blueprint)), do: {field, digest(value)}
    {measurements, digest(Map.delete(metadata, :blueprint)), fields}
  end

  defp record(:digests, {measurements, %{resolution: resolution} = metadata}) do
    metadata = %{metadata | resolution: brief(resolution)}
    {measurements, digest(Map.replace(metadata, :middleware, true))}
  end

  defp record(:digests, term), do: digest(brief(term))

  defp digest(term), do: :erlang.phash2(term, 4_294_967_296)

  # Without what differs between any two runs.
  defp brief(%Blueprint{telemetry: telemetry} = blueprint) when is_map(telemetry) do
    %{blueprint | telemetry: Map.keys(telemetry)}
  end

  defp brief(%Resolution{} = resolution) do
    %{resolution | middleware: Enum.map(resolution.middleware, &middleware/1)}
  end

  defp brief(term), do: term

  defp middleware({{module, function}, _}), do: {module, function}
  defp middleware(other), do: other

  # A term without identifiers, times and references. Types of the schema have none, and
  # are large: their hash does.
  defp scrub(%type{} = node) when type in [Type.Field, Type.Argument, Type.Object, Type.InputObject, Type.Directive] do
    {type, digest(node)}
  end

  defp scrub(%{id: id, start_time_mono: _} = map) when is_integer(id), do: scrub(%{map | id: true, start_time_mono: true})
  defp scrub(map) when is_map(map), do: :maps.map(fn _, value -> scrub(value) end, map)
  defp scrub([head | tail]), do: [scrub(head) | scrub(tail)]
  defp scrub(tuple) when is_tuple(tuple), do: List.to_tuple(scrub(Tuple.to_list(tuple)))
  defp scrub(term) when is_reference(term), do: :reference
  defp scrub(term) when is_pid(term), do: :pid
  defp scrub(term), do: term
end
