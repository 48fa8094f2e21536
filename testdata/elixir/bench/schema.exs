defmodule Bench.Schema do
  @moduledoc "The schema of test/bench, on the real Absinthe."

  use Absinthe.Schema
  import_types Absinthe.Type.Custom

  object :user do
    field :id, :id
    field :name, :string
    field :email, :string
  end

  object :session do
    field :user, :user, resolve: &user/3
  end

  object :item do
    field :id, :id
    field :name, :string
    field :text, :string
    field :price, :decimal
    field :at, :datetime
    field :ratio, :float
    field :scores, list_of(:integer)
  end

  query do
    field :session, :session, resolve: fn _, _ -> {:ok, %{}} end

    field :hello, :string do
      arg :name, :string
      resolve fn arguments, _ -> {:ok, "hello #{arguments[:name]}"} end
    end

    field :items, list_of(:item) do
      arg :n, non_null(:integer)
      resolve fn %{n: n}, _ -> {:ok, Enum.map(1..n, &item/1)} end
    end

    @desc "Strings of 1 KiB."
    field :lines, list_of(:string) do
      arg :n, non_null(:integer)
      resolve fn %{n: n}, _ -> {:ok, List.duplicate(String.duplicate("x", 1024), n)} end
    end

    @desc "Waits, as a resolver does for a database."
    field :report, :string do
      arg :ms, non_null(:integer)

      resolve fn %{ms: ms}, _ ->
        Process.sleep(ms)
        {:ok, "done"}
      end
    end
  end

  defp user(_, _, %{context: %{current_user_id: id}}) when is_integer(id),
    do: {:ok, %{id: id, name: "User #{id}", email: "u#{id}@example.com"}}

  defp user(_, _, _), do: {:error, "unauthenticated"}

  defp item(n) do
    %{
      id: n,
      name: "item #{n}",
      text: String.duplicate("The text of item #{n}. ", 20),
      price: Decimal.new("12.50"),
      at: ~U[2026-01-01 00:00:00Z],
      ratio: n / 3,
      scores: [1, 2, 3]
    }
  end
end
