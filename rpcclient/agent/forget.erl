%% The expressions that remove all agents, of any version, from a node, for erl_eval. They
%% return the names of the removed modules, and have no bindings.
[begin
    ok = Module:forget(),
    atom_to_binary(Module, utf8)
end || {Module, _} <- code:all_loaded(), lists:prefix("louche_agent_", atom_to_list(Module))].
