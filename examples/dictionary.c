//  The engines' names as a dictionary: what IPython Parallel writes view['a'] = 2 and
//  view['a'] is a push and a pull here; a value may itself be a dictionary, with any values
//  in it.
#include <ipclient.h>
#include <stdio.h>

IPC_REMOTE(double, area, (ipc_value_t box))
{
    return ipc_value_f64(ipc_value_get(box, "width")) *
           ipc_value_f64(ipc_value_get(box, "height"));
}

int main(void)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    if (!client)
        return ipc_error_print(&error, stderr), 1;
    ipc_view_t *all = ipc_direct_view(client, "all", &error);

    ipc_push(all, "a", 2); // view['a'] = 2
    printf("a    = ");
    ipc_result_print(ipc_pull(all, "a"), stdout); // view['a']

    ipc_push(all, "box", ipc_dict("width", 3, "height", 1.5, "name", "plate"));
    ipc_result_t *box = ipc_pull(all, "box");
    printf("box  = ");
    ipc_result_print(box, stdout);
    printf("name = %s\n", ipc_value_str(ipc_value_get(ipc_result_value(box, 0), "name")));

    // A name may lead into a value, to read a member or to set it.
    ipc_push(all, "box.height", 2);
    printf("box.height = ");
    ipc_result_print(ipc_pull(all, "box.height"), stdout);

    // Several names at a time: view.update(…), view.pull(['a', 'c']).
    ipc_push_dict(all, ipc_dict("a", 3, "c", "three"));
    printf("a, c = ");
    ipc_result_print(ipc_pull_list(all, ipc_list("a", "c")), stdout);

    // A reference stands for the engine's own value: only the name travels.
    printf("area = ");
    ipc_result_print(ipc_apply(all, area, ipc_ref("box")), stdout);

    ipc_result_t *missing = ipc_pull(all, "b");
    if (!ipc_result_ok(missing))
        printf("b    : %s\n", ipc_result_error_at(missing, 0)->kind);

    ipc_client_destroy(&client);
}
