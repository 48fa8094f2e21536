defmodule MyApp.Schema do
  @moduledoc "The schema that louche.yaml names."
  use Absinthe.Schema

  query do
    field :hello, non_null(:string) do
      arg(:name, :string, default_value: "world")
      resolve(fn %{name: name}, _ -> {:ok, "Hello, #{name}!"} end)
    end

    @desc "The id of the user, from the context that the gateway builds."
    field :current_user_id, :integer do
      resolve(fn _, %{context: context} -> {:ok, context[:current_user_id]} end)
    end

    @desc "The node that runs the resolver."
    field :node, non_null(:string) do
      resolve(fn _, _ -> {:ok, to_string(node())} end)
    end
  end

  mutation do
    @desc "Counts a visit on one of the nodes."
    field :visit, non_null(:integer) do
      resolve(fn _, _ -> {:ok, MyApp.Visits.add()} end)
    end
  end
end
