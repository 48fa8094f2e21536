# Compiles what the test nodes run into the folder that is its argument. Nodes
# come and go by the dozen in a test, and a schema on the real Absinthe takes
# seconds to compile.

[folder] = System.argv()

absinthe =
  if Code.ensure_loaded?(Absinthe), do: "schema.exs", else: "absinthe_double.exs"

for source <- ["json.exs", "fields.exs", "control.exs", absinthe],
    {module, beam} <- Code.require_file(source, __DIR__),
    do: File.write!(Path.join(folder, "#{module}.beam"), beam)
