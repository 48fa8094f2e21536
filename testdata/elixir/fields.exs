defmodule TestApp.Fields do
  @moduledoc """
  What the fields do that the tests need beside the golden cases: resolvers
  that take time, fail, write, and answer much. One implementation for the
  schema of the real Absinthe and for its double.
  """

  require Logger

  @doc """
  Starts what the fields keep between calls. Before that and after `stop/0`, those
  that need it raise, as fields do whose database connections are not there.
  """
  def start do
    :persistent_term.put(__MODULE__, %{
      counter: :counters.new(1, []),
      witness: spawn(fn -> witness([]) end),
      pace: String.to_integer(System.get_env("TESTAPP_PACE", "0")),
      log: System.fetch_env!("TESTAPP_LOG")
    })
  end

  def stop, do: :persistent_term.erase(__MODULE__)

  defp kept(key), do: Map.fetch!(:persistent_term.get(__MODULE__), key)

  @doc """
  Takes `ms` milliseconds, or until `wake/0`.

  Prints `sleeping <pid>` before it begins, and `gone <pid> <reason>` when the
  process that slept is gone: an independent process watches it with a monitor.
  """
  def sleep(ms) do
    witness = kept(:witness)
    send(witness, {:watch, self()})

    receive do
      {^witness, :watching} -> :ok
    end

    receive do
      {^witness, :wake} -> true
    after
      ms -> true
    end
  end

  @doc "Ends every `sleep/1` that has printed that it sleeps."
  def wake, do: send(kept(:witness), :wake)

  @doc "Takes as long as this node takes for its work: TESTAPP_PACE milliseconds."
  def pace do
    Process.sleep(kept(:pace))
    true
  end

  def raise(message), do: Kernel.raise(message || "boom")
  def throw, do: Kernel.throw(:ball)
  def exit, do: Kernel.exit(:leaving)
  def kill, do: Process.exit(self(), :kill)

  def log(message) do
    Logger.info(message)
    true
  end

  def print(message) do
    IO.puts(message)
    true
  end

  @doc "Strings of 1 KiB, together at least `bytes` bytes."
  def large(bytes), do: List.duplicate(String.duplicate("x", 1024), div(bytes + 1023, 1024))

  @doc "The context in Elixir notation, keys in order."
  def context_text(context) do
    TestApp.Gateway.saw(context)
    inspect(context, limit: :infinity, custom_options: [sort_maps: true])
  end

  @doc "Whether the context is `===` the term that is written in Elixir."
  def context_is(context, term) do
    {expected, _bindings} = Code.eval_string(term)
    context === expected
  end

  def pid_text, do: inspect(self())

  @doc "A term that has no JSON form."
  def bad_term, do: self()

  @doc "How often this node was asked, this time included."
  def counter do
    counter = kept(:counter)
    :counters.add(counter, 1, 1)
    :counters.get(counter, 1)
  end

  @doc "Appends `id` and a line feed to the file that TESTAPP_LOG names."
  def append(id) do
    File.write!(kept(:log), [id, ?\n], [:append])
    true
  end

  defp witness(asleep) do
    receive do
      {:watch, pid} ->
        Process.monitor(pid)
        IO.puts("sleeping #{inspect(pid)}")
        send(pid, {self(), :watching})
        witness([pid | asleep])

      :wake ->
        Enum.each(asleep, &send(&1, {self(), :wake}))
        witness([])

      {:DOWN, _ref, :process, pid, reason} ->
        # A call's answer is its exit reason, and may be large.
        IO.puts("gone #{inspect(pid)} #{if is_atom(reason), do: reason, else: "returned"}")
        witness(List.delete(asleep, pid))
    end
  end
end
