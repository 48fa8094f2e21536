defmodule TestApp.PubSub do
  @moduledoc """
  The pubsub of a test node, and its subscription `event(channel: String!): Json`. Messages
  have the form of Phoenix's.
  """

  @doc "Starts the registries. The real Absinthe has its own as well."
  def start(real_absinthe) do
    {:ok, _} = Registry.start_link(keys: :duplicate, name: __MODULE__)
    if real_absinthe, do: {:ok, _} = Absinthe.Subscription.start_link(__MODULE__)
    :ok
  end

  @doc "What the field's `config` returns."
  def config("forbidden", _), do: {:error, "this channel is forbidden"}
  def config("raise", _), do: raise("a secret of the channel")
  def config("hang", _), do: Process.sleep(:infinity)
  def config(channel, context), do: {:ok, topic: channel, context_id: context[:context_id] || "all"}

  @doc "Publishes an event on this node."
  def publish(channel, event), do: Absinthe.Subscription.publish(__MODULE__, event, event: channel)

  @doc "The number of processes that are subscribed."
  def subscribers, do: Registry.count_select(__MODULE__, [{{:"$1", :_, :_}, [{:is_binary, :"$1"}], [true]}])

  def node_name, do: node()

  def subscribe(topic) do
    {:ok, _} = Registry.register(__MODULE__, topic, [])
    :ok
  end

  def publish_subscription(topic, data) do
    tell(topic, %{topic: topic, event: "subscription:data", payload: %{result: data, subscriptionId: topic}})
  end

  def publish_mutation(topic, result, fields) do
    tell(topic, %{node: node_name(), mutation_result: result, subscribed_fields: fields})
  end

  defp tell(topic, message) do
    Registry.dispatch(__MODULE__, topic, fn entries ->
      for {pid, _} <- entries, do: send(pid, message)
    end)
  end
end
