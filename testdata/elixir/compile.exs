# Compiles the code of the test nodes into the folder that is its argument, and writes a
# boot file beside it. A test starts nodes by the dozen, and a schema on the real Absinthe
# takes seconds to compile.

[folder] = System.argv()
real_absinthe = Code.ensure_loaded?(Absinthe)

plug = if Code.ensure_loaded?(Absinthe.Plug), do: [], else: ["plug_double.exs"]

schema =
  if real_absinthe,
    do: ["schema.exs"],
    else: ["pipeline_double.exs", "absinthe_double.exs"]

for source <-
      ["json.exs", "gateway.exs", "fields.exs", "events.exs", "pubsub.exs", "control.exs"] ++ plug ++ ["plugs.exs"] ++ schema ++ ["application.exs"],
    {module, beam} <- Code.require_file(source, __DIR__),
    do: File.write!(Path.join(folder, "#{module}.beam"), beam)

# The boot file is Erlang's own, which starts distribution with the kernel, followed by
# the applications in the order of their dependencies, as in a release. A node whose
# applications do not start ends.
application =
  {:application, :testapp,
   vsn: '1.0.0',
   applications:
     [:kernel, :stdlib, :elixir, :logger] ++ if(real_absinthe, do: [:absinthe], else: []),
   mod: {TestApp.Application, []}}

defmodule Order do
  def of(app) do
    _ = Application.load(app)
    Enum.flat_map(Application.spec(app, :applications), &of/1) ++ [app]
  end
end

:ok = :application.load(application)
applications = Enum.uniq(Order.of(:testapp)) -- [:kernel, :stdlib]
paths = Path.wildcard(Path.join(:code.lib_dir(:elixir), "../*/ebin"))

added =
  [
    {:apply, {:code, :add_pathsa, [Enum.map([folder | paths], &String.to_charlist/1)]}},
    {:apply, {:application, :load, [application]}}
  ] ++ for app <- applications, do: {:apply, {:application, :start_boot, [app, :permanent]}}

boot = Path.join([:code.root_dir(), "bin", "no_dot_erlang.boot"])
{:script, id, instructions} = :erlang.binary_to_term(File.read!(boot))
{before, [{:progress, :started}] = last} = Enum.split(instructions, -1)

File.write!(
  Path.join(folder, "testapp.boot"),
  :erlang.term_to_binary({:script, id, before ++ added ++ last})
)
