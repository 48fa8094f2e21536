# Consolidates the protocols of a running node, as a release does when it is built.

paths = :code.get_path()

for protocol <- Protocol.extract_protocols(paths),
    {:ok, beam} <- [Protocol.consolidate(protocol, Protocol.extract_impls(protocol, paths))] do
  :code.purge(protocol)
  {:module, ^protocol} = :code.load_binary(protocol, ~c"consolidated", beam)
end
