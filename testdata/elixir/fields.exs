defmodule TestApp.Fields do
  @moduledoc """
  The fields of the tests in addition to the golden cases: resolvers that take time, fail,
  write, and return large results. The schema of the real Absinthe and its double share
  them.
  """

  require Logger

  @doc """
  Creates the state of the fields. Before it and after `stop/0`, fields with state raise,
  like fields without their database.
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

  Prints `sleeping <pid>` at its beginning. An independent process monitors the sleeping
  one, and prints `gone <pid> <reason>` when it ends.
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

  @doc "Ends every `sleep/1` that has printed `sleeping`."
  def wake, do: send(kept(:witness), :wake)

  @doc """
  Hangs until its process is killed: in a `sleep`, in a call of a `server`, or in a `task`.
  """
  def hang("sleep") do
    Process.sleep(:infinity)
    true
  end

  def hang("server") do
    {:ok, server} = GenServer.start(TestApp.HangingServer, nil)
    answer = GenServer.call(server, :hang, :infinity)
    answer == :never
  end

  def hang("task") do
    task =
      Task.async(fn ->
        Process.sleep(:infinity)
        true
      end)

    answer = Task.await(task, :infinity)
    answer == :never
  end

  @doc "Takes TESTAPP_PACE milliseconds."
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

  @doc "Strings of 1 KiB, at least `bytes` bytes in total."
  def large(bytes), do: List.duplicate(String.duplicate("x", 1024), div(bytes + 1023, 1024))

  @doc "The context in Elixir notation, keys in order."
  def context_text(context) do
    TestApp.Gateway.saw(context)
    inspect(context, limit: :infinity, custom_options: [sort_maps: true])
  end

  @doc "Whether the context is `===` the term, in Elixir notation."
  def context_is(context, term) do
    {expected, _bindings} = Code.eval_string(term)
    context === expected
  end

  def pid_text, do: inspect(self())

  @doc "A term that has no JSON form."
  def bad_term, do: self()

  @doc "The number of calls on this node, including this one."
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

  @doc """
  Describes an upload, or each of a list of uploads, after `ms` milliseconds. `sha256` is
  that of its file.
  """
  def uploaded(uploads, ms) do
    if ms, do: sleep(ms)
    describe(uploads)
  end

  defp describe(nil), do: nil
  defp describe(uploads) when is_list(uploads), do: Enum.map(uploads, &describe/1)

  defp describe(%{path: path} = upload) do
    hash =
      path
      |> File.stream!([], 65_536)
      |> Enum.reduce(:crypto.hash_init(:sha256), &:crypto.hash_update(&2, &1))
      |> :crypto.hash_final()

    %{
      "filename" => upload.filename,
      "content_type" => upload.content_type,
      "path" => path,
      "size" => File.stat!(path).size,
      "sha256" => Base.encode16(hash, case: :lower),
      "struct" => inspect(Map.get(upload, :__struct__))
    }
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
        # The exit reason of a call is its answer, and may be large.
        IO.puts("gone #{inspect(pid)} #{if is_atom(reason), do: reason, else: "returned"}")
        witness(List.delete(asleep, pid))
    end
  end
end

defmodule TestApp.HangingServer do
  @moduledoc "A server that is in one call until its caller has ended."

  use GenServer

  @impl true
  def init(state), do: {:ok, state}

  @impl true
  def handle_call(:hang, {caller, _tag}, state) do
    monitor = Process.monitor(caller)

    receive do
      {:DOWN, ^monitor, :process, _pid, _reason} -> {:stop, :normal, state}
    end
  end
end
