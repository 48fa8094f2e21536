defmodule TestApp.Application do
  @moduledoc """
  The application of a test node: the fields of the tests, Absinthe (the real one if it
  is on the code path, else its double) and a control connection to the test.

  The node starts and stops like a release (compile.exs): distribution starts first and
  stops last.

  Environment:

    * TESTAPP_CONTROL - port on 127.0.0.1 where the test listens
    * TESTAPP_GOLDEN - folder of the golden cases
    * TESTAPP_LOG - file to which the mutation `append` appends
    * TESTAPP_PACE - milliseconds that the field `pace` takes
    * TESTAPP_HELD - set: the application waits for `:go` before it starts
    * TESTAPP_STOP - milliseconds that the application takes to stop

  Standard input and output belong to the application, as in a release.
  """

  use Application

  @impl true
  def start(_type, _arguments) do
    # The double also has a module Absinthe.
    real_absinthe = Code.ensure_loaded?(Absinthe.Resolution)

    # Before the test can send to that name.
    held = System.get_env("TESTAPP_HELD")
    if held, do: Process.register(self(), __MODULE__)

    TestApp.Control.start(
      String.to_integer(System.fetch_env!("TESTAPP_CONTROL")),
      Enum.join([System.pid(), System.otp_release(), real_absinthe, node()], " ")
    )

    if held, do: wait()
    unless real_absinthe, do: Absinthe.load(System.fetch_env!("TESTAPP_GOLDEN"))
    TestApp.Fields.start()
    TestApp.Gateway.start()
    TestApp.PubSub.start(real_absinthe)
    Supervisor.start_link([], strategy: :one_for_one)
  end

  @impl true
  def stop(_state) do
    TestApp.Fields.stop()
    Process.sleep(String.to_integer(System.get_env("TESTAPP_STOP", "0")))
  end

  defp wait do
    receive do
      :go -> Process.unregister(__MODULE__)
    end
  end
end
