defmodule TestApp.Events do
  @moduledoc "Records the telemetry events of Absinthe."

  @events for last <- [:start, :stop], do: [:absinthe, :execute, :operation, last]

  def start do
    test = self()

    spawn(fn ->
      :ets.new(__MODULE__, [:named_table, :public, :ordered_set])
      send(test, :recording)
      Process.sleep(:infinity)
    end)

    receive do
      :recording -> :ok
    end

    :telemetry.attach_many(__MODULE__, @events, &__MODULE__.record/4, nil)
  end

  def record(event, _, %{blueprint: blueprint, options: options}, _) do
    # An operation has its own id and times.
    what = {%{blueprint | telemetry: nil}, options}
    key = System.unique_integer([:monotonic])
    :ets.insert(__MODULE__, {key, "#{List.last(event)}:#{hash(what)}"})
  end

  defp hash(term), do: Base.encode16(:erlang.md5(:erlang.term_to_binary(term)))

  @doc "The events since the last time, with a hash of their blueprint and options."
  def take do
    events = for {_, text} <- :ets.tab2list(__MODULE__), do: text
    :ets.delete_all_objects(__MODULE__)
    events
  end
end
