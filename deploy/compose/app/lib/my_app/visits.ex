defmodule MyApp.Visits do
  @moduledoc "Counts visits of this node."
  use Agent

  def start_link(_), do: Agent.start_link(fn -> 0 end, name: __MODULE__)

  def add, do: Agent.get_and_update(__MODULE__, &{&1 + 1, &1 + 1})
end
